"""``messplus report``: a page that shows how a service level was kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from messplus.exceptions import InputError

if TYPE_CHECKING:
    import argparse

    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("report", help="how the service level was kept, as text or page")
    parser.add_argument(
        "state", help="folder of Router.open, in use or not, or file of Router.save"
    )
    parser.add_argument("--html", metavar="OUT", help="page to write; a short text without it")
    parser.add_argument(
        "--since", metavar="DATE", help="first day, 2026-11-01, or moment, 2026-11-01T06:00; UTC"
    )
    parser.add_argument("--until", metavar="DATE", help="first day or moment after it; now if none")
    parser.add_argument("--title", default="Service level report", help="heading of the page")
    parser.add_argument("--unit", default="", help="currency or unit of the costs, such as USD")
    parser.set_defaults(run=_run)


def _moment(name: str, text: str) -> date | datetime:
    """A date, or a moment that is UTC where it does not say otherwise."""
    try:
        if "T" not in text and " " not in text:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        rule = "must be a date such as 2026-11-01 or 2026-11-01T06:00"
        raise InputError(f"{name}: {rule}, got {text!r}") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _run(args: argparse.Namespace) -> int:
    import time
    from pathlib import Path

    from messplus.reports import accounting, calendar, compliance, span, span_page
    from messplus.state.core_config import CoreConfig

    from ._source import core_of

    core = core_of(args.state)
    days = calendar.build(core.calendar())
    now = time.time()
    if args.since is not None or args.until is not None:
        if args.since is None:
            raise InputError("since: must be given with until, got none")
        since, until = _moment("since", args.since), args.until and _moment("until", args.until)
        part = span.build(days, core.report()["decisions"], since, until)
        page = args.html and span_page.render(part, args.title, now=now, unit=args.unit)
        account = str(part)
    else:
        report = accounting.build(core.report())
        listed = CoreConfig.of(core).listed_costs
        page = args.html and compliance.render(
            report, days, listed, args.title, now=now, unit=args.unit
        )
        account = str(report)
    if args.html is None:
        print(account)
    else:
        Path(args.html).write_text(page, encoding="utf-8")
    return 0

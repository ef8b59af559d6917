"""``messplus report``: a page that shows how a service level was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("report", help="write a page on the service level that was kept")
    parser.add_argument(
        "state", help="folder of Router.open, in use or not, or file of Router.save"
    )
    parser.add_argument("--html", required=True, metavar="OUT", help="file to write")
    parser.add_argument("--title", default="Service level report", help="heading of the page")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from messplus import _core
    from messplus.reports import accounting, compliance
    from messplus.state.core_config import CoreConfig

    state = Path(args.state)
    if state.is_dir():
        core, _ = _core.Controller.recover(state)
    else:
        core = _core.Controller.from_bytes(state.read_bytes())
    listed = CoreConfig.of(core).listed_costs
    page = compliance.render(accounting.build(core.report()), listed, args.title)
    Path(args.html).write_text(page, encoding="utf-8")
    return 0

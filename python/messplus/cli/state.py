"""``messplus state``: look into the folder or the log of a router without opening it; copy it."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

    from ._parsers import Subparsers

_STATE = "folder of Router.open, or address of a fleet"


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("state", help="look into a router's folder or log, or copy it")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    inspect = actions.add_parser("inspect", help="what the router has done, and where it is kept")
    inspect.add_argument("state", help=_STATE)
    inspect.add_argument("--json", action="store_true", help="one JSON object")
    inspect.set_defaults(run=_inspect)
    verify = actions.add_parser("verify", help="check everything that is kept, and that it agrees")
    verify.add_argument("state", help=_STATE)
    verify.set_defaults(run=_verify)
    export = actions.add_parser("export", help="the router's tables for other programs")
    export.add_argument("state", help=_STATE)
    export.add_argument("--format", choices=("csv", "json", "sqlite"), default="json")
    export.add_argument("--table", choices=("models", "decisions", "outcomes"), default="outcomes")
    export.add_argument("--out", help="file; standard output by default, needed for sqlite")
    export.set_defaults(run=_export)
    copy = actions.add_parser("copy", help="copy the router as it is now, bit for bit")
    copy.add_argument("source", metavar="FROM", help=f"{_STATE}, or file of Router.save")
    copy.add_argument("target", metavar="TO", help="folder or address with nothing there yet")
    copy.add_argument("--file", action="store_true", help="TO is a file, for Router.load")
    copy.set_defaults(run=_copy)


def _inspect(args: argparse.Namespace) -> int:
    from messplus.fleet.places import log_at

    from . import _kept

    log = log_at(args.state)
    if log is None:
        _kept.inspect_folder(args.state, as_json=args.json)
    else:
        _kept.inspect_log(log, as_json=args.json)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from messplus.fleet.places import log_at

    from . import _kept

    log = log_at(args.state)
    sound = _kept.verify_folder(args.state) if log is None else _kept.verify_log(log)
    return 0 if sound else 1


def _copy(args: argparse.Namespace) -> int:
    from messplus.fleet.copying import copy

    copied = copy(args.source, args.target, as_file=args.file)
    report = copied.core.report()
    print(
        f"copied up to {copied.place}: {report['decisions']:,} decisions; later ones are not in it"
    )
    for note in copied.notes:
        print(f"note: {note}")
    return 0


def _export(args: argparse.Namespace) -> int:
    from messplus.exceptions import InputError
    from messplus.reports import export

    found = export.tables(args.state)
    if args.format == "sqlite":
        if args.out is None:
            raise InputError("out: needed for sqlite, got none")
        export.write_sqlite(found, args.out)
        return 0
    with _output(args.out) as out:
        if args.format == "json":
            export.write_json(found, out)
        else:
            export.write_csv(found[args.table], export.COLUMNS[args.table], out)
    return 0


def _output(path: str | None) -> AbstractContextManager[IO[str]]:
    from contextlib import nullcontext
    from pathlib import Path

    return nullcontext(sys.stdout) if path is None else Path(path).open("w", encoding="utf-8")

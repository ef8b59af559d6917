"""``messplus state``: look into the folder of a router without opening it."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("state", help="look into the folder of a router")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    inspect = actions.add_parser("inspect", help="what the router has done, and its files")
    inspect.add_argument("state", help="folder of Router.open")
    inspect.add_argument("--json", action="store_true", help="one JSON object")
    inspect.set_defaults(run=_inspect)
    verify = actions.add_parser("verify", help="check every file, and that they agree")
    verify.add_argument("state", help="folder of Router.open")
    verify.set_defaults(run=_verify)
    export = actions.add_parser("export", help="the router's tables for other programs")
    export.add_argument("state", help="folder of Router.open")
    export.add_argument("--format", choices=("csv", "json", "sqlite"), default="json")
    export.add_argument("--table", choices=("models", "decisions", "outcomes"), default="outcomes")
    export.add_argument("--out", help="file; standard output by default, needed for sqlite")
    export.set_defaults(run=_export)


def _inspect(args: argparse.Namespace) -> int:
    from messplus import _core
    from messplus.reports import accounting

    core, found = _core.Controller.recover(args.state)
    account = accounting.build(core.report())
    files = _core.audit_folder(args.state)
    if args.json:
        from dataclasses import asdict

        from messplus._text import strict_json

        told = {"report": asdict(account), "recovery": found, "files": files}
        print(strict_json(told, indent=1))
    else:
        print(account)
        for file in files:
            print(f"{file['name']:<26}{file['bytes']:>12,} bytes")
        print(f"{found['transitions']:,} transitions, {found['replayed']:,} since the snapshot")
        for note in found["notes"]:
            print(f"note: {note}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from messplus import _core

    files = _core.audit_folder(args.state)
    problems = 0
    for file in files:
        verdict = file["problem"] or "sound"
        if file["torn_bytes"]:
            verdict += f", {file['torn_bytes']} torn bytes at the end"
        problems += file["problem"] is not None
        print(f"{file['name']:<26}  {verdict}")
    if not files:
        print("no files of a router here", file=sys.stderr)
    return 1 if problems or not files else 0


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

"""The command ``messplus``: every sub-command registers itself from a module of its own.

Such a module has ``add_parser(subparsers)``, which sets ``run``, a function from the parsed
arguments to the exit code. What it needs it imports inside ``run``, so that ``messplus --help``
stays quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING, TextIO, cast

from messplus import __version__
from messplus._text import printable
from messplus.exceptions import MessPlusError

from ._terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (
    "messplus.cli.collect",
    "messplus.cli.dashboard",
    "messplus.cli.demo",
    "messplus.cli.evaluate",
    "messplus.cli.featurizer",
    "messplus.cli.import_",
    "messplus.cli.init",
    "messplus.cli.offload",
    "messplus.cli.plan",
    "messplus.cli.replay",
    "messplus.cli.report",
    "messplus.cli.serve",
    "messplus.cli.state",
    "messplus.cli.sweep",
    "messplus.cli.watch",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 when it worked, 2 when the input was wrong (with one line on standard error), 130 when
        interrupted.
    """
    args = _parser().parse_args(arguments)
    try:
        # Tables and folders come from elsewhere, and so do the names in them.
        with redirect_stdout(cast("TextIO", Terminal(sys.stdout))):
            code: int = args.run(args)
        # Output may be buffered until here, where a closed pipe can still be handled.
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; keep the interpreter from flushing into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (MessPlusError, OSError) as error:
        print(f"messplus {args.command}: {printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"messplus {args.command}: interrupted", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="messplus",
        description="Cost-optimal LLM request routing with a long-run satisfaction guarantee.",
    )
    parser.add_argument("--version", action="version", version=f"messplus {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in _COMMANDS:
        import_module(module).add_parser(commands)
    return parser

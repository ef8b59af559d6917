"""``messplus replay``: what policies would have cost on recorded outcomes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._table import POLICIES, add_table_arguments, read_common, read_table, write_json

if TYPE_CHECKING:
    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "replay",
        help="replay policies over a table of outcomes",
        description="Replay policies over a table of outcomes, beside the bounds of hindsight.",
        epilog=POLICIES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_table_arguments(parser)
    parser.add_argument(
        "--target",
        type=float,
        required=True,
        metavar="A",
        help="satisfaction rate to hold, in (0, 1]",
    )
    parser.add_argument(
        "--drift",
        metavar="CHANGE",
        help="change a model at a share AT of the stream: degrade:MODEL@AT[:RATE], "
        "price:MODEL@AT:FACTOR or appear:MODEL@AT",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay, print the result, write what was asked for."""
    from messplus.replay import replay
    from messplus.replay.render import render

    result = replay(
        read_table(args),
        target=args.target,
        drift=args.drift,
        **read_common(args),
    )
    print(render(result))
    write_json(args, result.to_dict())
    if args.plot:
        from messplus.replay.plot import plot_replay

        plot_replay(result, args.plot)
    return 0

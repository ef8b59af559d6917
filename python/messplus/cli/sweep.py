"""``messplus sweep``: cost against satisfaction over a grid of targets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._table import POLICIES, add_table_arguments, read_common, read_table, write_json
from ._targets import targets

if TYPE_CHECKING:
    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "sweep",
        help="replay policies over a grid of targets",
        description="Replay policies at every target of a grid, on all cores.",
        epilog=POLICIES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_table_arguments(parser)
    parser.add_argument(
        "--targets",
        type=targets,
        required=True,
        metavar="A,B,...|FIRST:LAST:STEP",
        help="satisfaction rates to hold: a list, or a grid such as 0.60:0.74:0.02",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="threads (default: all cores)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Sweep, print the result, write what was asked for."""
    from messplus.replay import sweep
    from messplus.replay.render import render_sweep

    result = sweep(
        read_table(args),
        targets=args.targets,
        workers=args.workers,
        **read_common(args),
    )
    print(render_sweep(result))
    write_json(args, result.to_dict())
    if args.plot:
        from messplus.replay.plot_sweep import plot_sweep

        plot_sweep(result, args.plot)
    return 0

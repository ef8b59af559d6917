"""``messplus sweep``: cost against satisfaction over a grid of targets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._table import POLICIES, add_table_arguments, read_common, read_table, write_json

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


def targets(text: str) -> list[float]:
    """Read a list or a grid of targets."""
    if ":" not in text:
        return [float(part) for part in text.split(",")]
    first, last, step = (float(part) for part in text.split(":"))
    if not (step > 0 and last >= first):
        raise argparse.ArgumentTypeError(f"must have FIRST <= LAST and STEP > 0, got {text}")
    # Rounded, because 0.6 + 2 * 0.05 is not 0.7; half a step keeps the last one in.
    return [round(first + n * step, 10) for n in range(int((last - first) / step + 0.5) + 1)]

"""``messplus demo``: route a simulated stream and hold its service levels."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ._parsers import positive

if TYPE_CHECKING:
    from ._parsers import Subparsers

_INTRODUCTION = """\
A simulated zoo: no language model runs here. Three models answer by dice whose means are the
satisfaction and energy published for Llama 3 on eight benchmarks (MESS+, arXiv 2505.19947). The
prompts are made from templates whose words carry the difficulty, so that there is something to
learn. The routers are the real ones: {n:,} requests, each one select(prompt) and one feedback."""


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "demo",
        help="route a simulated stream and hold its service levels",
        description="Route simulated requests through real routers and compare the energy bills.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--requests", type=positive, default=20_000, metavar="N", help="number of requests"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the simulation")
    parser.add_argument(
        "--plot", default="messplus-demo.png", metavar="OUT.png", help="draw the outcome there"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Route, print the table, draw the plot where matplotlib is installed."""
    from messplus.demo.render import render
    from messplus.demo.run import run_demo
    from messplus.exceptions import MissingDependencyError

    print(_INTRODUCTION.format(n=args.requests), end="\n\n", flush=True)
    start = time.perf_counter()
    results = run_demo(args.requests, args.seed)
    print(render(results))
    print(f"\n{time.perf_counter() - start:.1f} s", end="")
    try:
        from messplus.demo.plot import plot_demo

        Path(args.plot).parent.mkdir(parents=True, exist_ok=True)
        plot_demo(results, args.plot)
    except MissingDependencyError as error:
        print(f"; no plot: {error}", file=sys.stderr)
    else:
        print(f"; plot in {args.plot}")
    return 0

"""``messplus evaluate``: what policies would have brought, told by one answer per request."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._logs import LOGS, add_log_arguments
from ._table import write_json
from ._targets import targets

if TYPE_CHECKING:
    from ._parsers import Subparsers

_CANNOT_ANSWER = 3
_EPILOG = f"""policies:
  default, paper, ...   a preset as it would have learned, in simulated worlds; see messplus replay
  frozen:default        what the default policy comes to in the end, without learning on
  static-mix            a model drawn with the weights of the cheapest mixture that meets the target
  single:<model>        one model for every request
  random                a model drawn uniformly per request

{LOGS}
exit code: 0, or 3 where the log cannot answer part of what was asked: too few requests like these
went where a policy would have sent them
"""


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "evaluate",
        help="what policies would have brought, from a log with one answer per request",
        description="Estimate, with 95 % intervals, what policies would have satisfied and cost on "
        "the requests of a log in which one model answered each, rated now and then.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_log_arguments(parser)
    parser.add_argument(
        "--target",
        type=targets,
        default=(),
        metavar="A[,B...]|FIRST:LAST:STEP",
        help="satisfaction rates to hold, such as 0.8 or 0.8:0.95:0.05",
    )
    parser.add_argument(
        "--policy",
        action="append",
        metavar="NAME[,key=value...]",
        help="policy to evaluate, repeatable (default: default, frozen:default, static-mix and "
        "every model alone)",
    )
    parser.add_argument(
        "--worlds",
        type=int,
        metavar="N",
        help="simulations per learning policy and target (default: 6 to 24, by size)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of all draws (default: 0)"
    )
    parser.add_argument("--json", metavar="OUT", help="write the result to this file as JSON")
    parser.add_argument("--plot", metavar="OUT.png", help="draw the result into this file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the result, write what was asked for."""
    from messplus.evaluation import evaluate
    from messplus.evaluation.render import render

    found = evaluate(
        args.log,
        targets=args.target,
        policies=args.policy,
        models=args.models.split(",") if args.models else None,
        trust=args.trust,
        worlds=args.worlds,
        seed=args.seed,
    )
    print(render(found))
    write_json(args, found.to_dict())
    if args.plot:
        from messplus.evaluation.plot import plot_evaluation

        plot_evaluation(found, args.plot)
    return _CANNOT_ANSWER if found.warned else 0

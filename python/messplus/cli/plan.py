"""``messplus plan``: how many more ratings a log needs until it answers, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._logs import add_log_arguments
from ._table import write_json

if TYPE_CHECKING:
    import argparse

    from messplus.evaluation.planning import ModelPlan, Plan

    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "plan",
        help="how many more ratings a log needs until it answers, and what they cost",
        description="Say, per model, how many requests must be audited (rate an answer that is "
        "there) or explored (ask the model) until its satisfaction is known within so many "
        "points, and what 100 more trials of it are worth.",
    )
    add_log_arguments(parser)
    parser.add_argument(
        "--points",
        type=float,
        default=2.0,
        metavar="X",
        help="half width of the 95 %% interval of satisfaction, in points (default: 2)",
    )
    parser.add_argument(
        "--target",
        type=float,
        metavar="A",
        help="say also how well the cost of the cheapest blind mixture at this target is known",
    )
    parser.add_argument(
        "--rating-cost",
        type=float,
        default=0.0,
        metavar="C",
        help="what one rating costs, in the unit of the log (default: 0)",
    )
    parser.add_argument("--json", metavar="OUT", help="write the result to this file as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan, print, write what was asked for."""
    from messplus.evaluation.planning import plan

    found = plan(
        args.log,
        precision=args.points / 100.0,
        target=args.target,
        rating_cost=args.rating_cost,
        models=args.models.split(",") if args.models else None,
        trust=args.trust,
    )
    print(render(found))
    write_json(args, found.to_dict())
    return 0


def render(found: Plan) -> str:
    """Show a row per model."""
    from messplus.reports._text_table import format_table

    header = ["model", "ratings", "known to", "needed", "audits", "explored", "cost"]
    header += ["100 trials: known to", "cost"]
    if found.target is not None:
        header += [f"cost at {found.target:.4g}: known to", "after 100 trials"]
    return (
        f"{found.log}: until every model's satisfaction is known within "
        f"{100 * found.precision:g} points\n\n"
        + format_table(header, [_row(one, found.target) for one in found.models])
    )


def _row(one: ModelPlan, target: float | None) -> list[str]:
    needed = "more requests" if one.needed is None else f"{one.needed:,}"
    cells = [one.model, f"{one.ratings:,.0f}", _points(one.half_width), needed]
    cells += [f"{one.audits:,}", f"{one.explored:,}", f"{one.cost:.4g}"]
    cells += [_points(one.after_trials), f"{one.trials_cost:.4g}"]
    if target is not None:
        cells += [_percent(one.target_half_width), _percent(one.target_after_trials)]
    return cells


def _points(half_width: float) -> str:
    return f"± {100 * half_width:.1f}"


def _percent(half_width: float | None) -> str:
    return "unknown" if half_width is None else f"± {half_width:.0%}"

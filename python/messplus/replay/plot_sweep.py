"""A sweep as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus.reports._figure import drawing
from messplus.reports.colours import GREY, of_policies

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from .sweep import SweepResult

_BOUNDS = {
    "static_mix": ("static mix", "--"),
    "contextual_hindsight": ("contextual hindsight", "-."),
    "clairvoyant": ("clairvoyant", ":"),
}


def plot_sweep(result: SweepResult, path: str | Path) -> None:
    """Draw cost against reached satisfaction, and how far each target was met, into a file.

    Raises
    ------
    InputError
        If the suffix of the path names no picture format.
    MissingDependencyError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    table = result.problems[0].table
    title = f"{'/'.join(table.path.parts[-2:])}, {len(result.problems)} targets"
    with drawing(path, (1, 2), (12, 5), title) as (figure, ((cost, slack),)):
        _cost(cost, result)
        _slack(slack, result)
        handles, labels = cost.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4))


def _cost(axes: Axes, result: SweepResult) -> None:
    table = result.problems[0].table
    axes.set_title("cost of the satisfaction reached")
    costs = result.to_dict()["bounds"]
    targets = [problem.target for problem in result.problems]
    for bound, (label, style) in _BOUNDS.items():
        # A bound of None is a gap: matplotlib draws none where the value is NaN.
        values = [float("nan") if cost is None else cost for cost in costs[bound]]
        axes.plot(targets, values, style, color=GREY, label=label)
    colours = of_policies(result.policies)
    for name, rows in result.policies.items():
        reached = [row["satisfaction"] for row in rows]
        spent = [row["mean_cost"] for row in rows]
        axes.plot(reached, spent, "o-", color=colours[name], ms=4, label=name)
    low, high = axes.get_ylim()
    for model, score, cost in zip(table.models, table.mean_score, table.mean_cost, strict=True):
        # A model far off the grid would press everything else into a corner.
        if low <= cost <= high:
            axes.plot(score, cost, "D", color="black", ms=5)
            axes.annotate(model, (score, cost), (6, -11), textcoords="offset points")
    axes.set_xlabel("mean satisfaction")
    axes.set_ylabel(f"{table.cost} per request")


def _slack(axes: Axes, result: SweepResult) -> None:
    axes.set_title("satisfaction above the target, in points (bars: worst seed)")
    targets = [problem.target for problem in result.problems]
    colours = of_policies(result.policies)
    for name, rows in result.policies.items():
        mean = [100 * (row["satisfaction"] - t) for row, t in zip(rows, targets, strict=True)]
        worst = [100 * (row["satisfaction"] - row["worst_seed_satisfaction"]) for row in rows]
        axes.errorbar(
            targets,
            mean,
            yerr=[worst, [0.0] * len(worst)],
            fmt="o-",
            color=colours[name],
            ms=4,
            capsize=2,
            label=name,
        )
    axes.axhline(0, color="black", linestyle="--", linewidth=1)
    axes.set_xlabel("target")

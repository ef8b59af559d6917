"""An evaluation as a plot: cost against satisfaction, today's policy marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus.reports._figure import drawing
from messplus.reports.colours import GREY, of_policies

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from .results import Evaluation, PolicyEstimate


def plot_evaluation(found: Evaluation, path: str | Path) -> None:
    """Draw every policy that the log can answer for, with its intervals.

    Parameters
    ----------
    found
        The evaluation.
    path
        File to write: ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    InputError
        If the suffix names no format.
    MissingDependencyError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    by_policy: dict[str, list[PolicyEstimate]] = {}
    for row in found.rows:
        if not row.warned:
            by_policy.setdefault(row.policy, []).append(row)
    title = f"{found.log}: what policies would have brought"
    with drawing(path, (1, 1), (8.0, 5.0), title) as (_, grid):
        axes = grid[0, 0]
        logged, *others = by_policy.items()
        colours = of_policies(name for name, _ in others)
        for name, rows in others:
            _draw(axes, name, rows, colours[name], "o")
        _draw(axes, "today", logged[1], GREY, "*")
        axes.set_xlabel("cost per request")
        axes.set_ylabel("satisfaction")
        axes.legend(loc="lower right")


def _draw(axes: Axes, name: str, rows: list[PolicyEstimate], colour: str, marker: str) -> None:
    cost = [row.cost.estimate or 0.0 for row in rows]
    satisfaction = [row.satisfaction.estimate or 0.0 for row in rows]
    axes.errorbar(
        cost,
        satisfaction,
        xerr=_arms(rows, "cost"),
        yerr=_arms(rows, "satisfaction"),
        color=colour,
        marker=marker,
        markersize=11 if marker == "*" else 5,
        linewidth=1.0 if len(rows) > 1 else 0.0,
        elinewidth=0.8,
        capsize=2,
        label=name,
    )


def _arms(rows: list[PolicyEstimate], outcome: str) -> list[list[float]]:
    """Lengths of the arms below and above each point."""
    below, above = [], []
    for row in rows:
        estimate, low, high = getattr(row, outcome)
        below.append(max((estimate or 0.0) - (low or 0.0), 0.0))
        above.append(max((high or 0.0) - (estimate or 0.0), 0.0))
    return [below, above]

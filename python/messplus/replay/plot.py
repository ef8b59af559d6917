"""A replay as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.reports._figure import count_requests, drawing
from messplus.reports.colours import GREY, of_policies

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from .results import PolicyResult, ReplayResult

_POINTS = 800


def plot_replay(result: ReplayResult, path: str | Path) -> None:
    """Draw running satisfaction, backlog, cumulative cost and model shares into a file.

    Lines are means over the seeds; bands span the seeds.

    Raises
    ------
    InputError
        If the suffix of the path names no picture format.
    MissingDependencyError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    problem = result.problem
    title = f"{_short(problem.table.path)}, target {problem.target:.4g}"
    with drawing(path, (2, 2), (11, 7), title) as (figure, ((rate, queue), (cost, share))):
        _satisfaction(rate, result)
        _backlog(queue, result)
        _cost(cost, result)
        _shares(share, result)
        handles, labels = queue.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4))


def _short(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _satisfaction(axes: Axes, result: ReplayResult) -> None:
    axes.set_title("running mean satisfaction")
    n = len(result.problem.table)
    requests = np.arange(1, n + 1)
    # The first few requests jump between 0 and 1 and would set the scale.
    settled = min(n // 2, max(50, n // 50))
    low = high = result.problem.target
    for colour, policy in _coloured(result):
        curves = np.stack([run.satisfaction.cumsum() / requests for run in policy.runs])
        _band(axes, curves, colour, policy.name)
        low = min(low, curves[:, settled:].min())
        high = max(high, curves[:, settled:].max())
    axes.axhline(result.problem.target, color="black", linestyle="--", linewidth=1)
    axes.annotate(
        "target",
        (1, result.problem.target),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
    )
    margin = 0.1 * (high - low) + 0.005
    axes.set_ylim(low - margin, high + margin)
    count_requests(axes)


def _backlog(axes: Axes, result: ReplayResult) -> None:
    axes.set_title("backlog: satisfaction owed, in requests")
    for colour, policy in _coloured(result):
        _band(axes, np.stack([run.backlog for run in policy.runs]), colour, policy.name)
    count_requests(axes)


def _cost(axes: Axes, result: ReplayResult) -> None:
    bounds, n = result.problem.bounds, len(result.problem.table)
    axes.set_title(f"cumulative cost ({result.problem.table.cost})")
    for colour, policy in _coloured(result):
        curves = np.stack([run.cost.cumsum() for run in policy.runs])
        _band(axes, curves, colour, policy.name)
    for label, bound in [("static mix", bounds.static_mix), ("clairvoyant", bounds.clairvoyant)]:
        if bound is not None:
            axes.plot([0, n], [0, bound * n], color=GREY, linestyle="--", linewidth=1)
            axes.annotate(
                label,
                (n, bound * n),
                xytext=(4, 0),
                textcoords="offset points",
                color=GREY,
                va="center",
            )
    count_requests(axes)


def _shares(axes: Axes, result: ReplayResult) -> None:
    axes.set_title("share of requests served by each model")
    names = [policy.name for policy in result.policies]
    models = result.problem.table.models
    left = np.zeros(len(names))
    for place, model in enumerate(models):
        width = np.array([policy.share[model] for policy in result.policies])
        # From light for the first model to dark for the last.
        shade = str(0.85 - 0.6 * place / max(len(models) - 1, 1))
        axes.barh(names, width, left=left, color=shade, label=model, edgecolor="white")
        left += width
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(visible=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=min(len(models), 3))


def _coloured(result: ReplayResult) -> list[tuple[str, PolicyResult]]:
    colours = of_policies(policy.name for policy in result.policies)
    return [(colours[policy.name], policy) for policy in result.policies]


def _band(axes: Axes, curves: npt.NDArray[np.float64], colour: str, label: str) -> None:
    """Draw the mean of curves ``[seeds, T]`` and the band they span."""
    places = np.unique(np.linspace(0, curves.shape[1] - 1, _POINTS).astype(int))
    thinned = curves[:, places]
    axes.plot(places + 1, thinned.mean(axis=0), color=colour, label=label)
    if len(thinned) > 1:
        span = thinned.min(axis=0), thinned.max(axis=0)
        axes.fill_between(places + 1, *span, color=colour, alpha=0.15, linewidth=0)

"""The demo's outcome as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.reports._figure import count_requests, drawing
from messplus.reports.colours import COLOURS, GREY, of_policies

from .run import ROUTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from .run import Result

# Alternatives in shades of grey, routers in colour.
_SHADES = {"70B only": "#4d4d4d", "8B only": "#8a8a8a", "best single": "#b5b5b5"}
_SHADES |= {"static mix": "#dcdcdc"}
_COLOURS = _SHADES | of_policies(ROUTED)


def plot_demo(results: Sequence[Result], path: str | Path) -> None:
    """Draw energy per benchmark, and how each router approaches its targets, into a file.

    Raises
    ------
    InputError
        If the suffix of the path names no picture format.
    MissingDependencyError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    n_requests = sum(len(result.traffic.prompts) for result in results)
    title = f"MESS+ on a simulated zoo with published means, {n_requests:,} requests"
    with drawing(path, (1 + len(ROUTED), 1), (10, 4 + 3 * len(ROUTED)), title) as (_, axes):
        _energy(axes[0, 0], results)
        for place, policy in enumerate(ROUTED):
            _running(axes[1 + place, 0], results, policy)


def _energy(axes: Axes, results: Sequence[Result]) -> None:
    axes.set_title("energy per benchmark, MJ")
    names = [result.traffic.benchmark.name for result in results]
    width = 0.8 / len(_COLOURS)
    for place, (way, colour) in enumerate(_COLOURS.items()):
        outcomes = [result.outcomes[way] for result in results]
        heights = [np.nan if outcome is None else outcome.energy_mj for outcome in outcomes]
        offset = (place - (len(_COLOURS) - 1) / 2) * width
        axes.bar(np.arange(len(names)) + offset, heights, width * 0.9, color=colour, label=way)
    axes.set_xticks(range(len(names)), names)
    axes.grid(visible=False, axis="x")
    axes.legend(ncols=len(_COLOURS), loc="upper center", bbox_to_anchor=(0.5, -0.08))


def _running(axes: Axes, results: Sequence[Result], policy: str) -> None:
    axes.set_title(f"{policy}: mean satisfaction so far, in points above the target")
    curves = np.stack(
        [
            100 * (outcome.running - result.traffic.benchmark.target)
            for result in results
            if (outcome := result.outcomes[policy])
        ]
    )
    requests = np.arange(1, curves.shape[1] + 1)
    for colour, result, curve in zip(COLOURS, results, curves, strict=True):
        name = result.traffic.benchmark.name
        axes.plot(requests, curve, color=colour, linewidth=1, alpha=0.8, label=name)
    axes.plot(requests, curves.mean(axis=0), color="black", linewidth=2.2, label="mean")
    axes.axhline(0, color=GREY, linestyle="--", linewidth=1)
    axes.set_ylim(-10, 10)
    axes.legend(ncols=5, loc="upper right")
    count_requests(axes)

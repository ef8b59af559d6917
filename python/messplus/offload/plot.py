"""The benchmark as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messplus.reports._figure import drawing
from messplus.reports.colours import COLOURS, GREY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def plot_bench(results: Mapping[str, Any], path: str | Path) -> None:
    """Draw the rewards of every configuration, measured beside published, into a file.

    Bars are means over the seeds, error bars their standard deviation.

    Raises
    ------
    InputError
        If the suffix of the path names no picture format.
    MissingDependencyError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    configs = results["configs"]
    title = "Offloading: reward per turn, published scoring"
    with drawing(path, (1, len(configs)), (1 + 2.2 * len(configs), 4), title) as (figure, grid):
        for axes, config in zip(grid[0], configs, strict=True):
            agents, published = config["agents"], config["published"]
            names = list(agents)
            rewards = [agents[name]["reward"] for name in names]
            spread = [agents[name]["reward_sd"] for name in names]
            violating = [agents[name]["violation_rate"] > 0 for name in names]
            colours = [GREY if over else COLOURS[0] for over in violating]
            axes.bar(names, rewards, yerr=spread, color=colours)
            shared = [name for name in names if name in published]
            heights = [published[name]["reward"] for name in shared]
            axes.plot(shared, heights, "o", color=COLOURS[1], label="published")
            axes.set_title(config["name"])
            axes.tick_params(axis="x", rotation=90)
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center")
        grid[0][0].set_ylabel("grey: some dialogue over its budget")

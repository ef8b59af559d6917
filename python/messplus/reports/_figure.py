"""Common look of the plots."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from messplus._optional import require
from messplus.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#b0b0b0",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.dpi": 150,
    "font.size": 9,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


@contextmanager
def drawing(
    path: str | Path, shape: tuple[int, int], size: tuple[float, float], title: str
) -> Iterator[tuple[Figure, np.ndarray]]:
    """Give a figure to draw into and write it in the end, leaving matplotlib's state alone.

    Parameters
    ----------
    path
        File to write; its suffix names the format.
    shape
        Rows and columns of axes.
    size
        Width and height in inches.
    title
        Title of the whole.

    Raises
    ------
    InputError
        If the suffix names no format.
    MissingDependencyError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    matplotlib = require("matplotlib", "plot")
    figures = require("matplotlib.figure", "plot")
    with matplotlib.rc_context(_STYLE):
        figure = figures.Figure(figsize=size, layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        yield figure, figure.subplots(*shape, squeeze=False)
        try:
            figure.savefig(path)
        except ValueError as error:
            rule = "must end in .png, .svg or .pdf"
            raise InputError(f"plot: {rule}, got {str(path)!r}") from error


def count_requests(axes: Axes) -> None:
    """Label the horizontal axis as a number of requests."""
    axes.set_xlabel("requests")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.locator_params(axis="x", nbins=6)

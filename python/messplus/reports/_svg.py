"""Line plots as SVG text: for pages that must stand alone."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 12, 34


class Line(NamedTuple):
    """One line of a plot; dashed where it is a reference and not a measurement."""

    label: str
    y: Sequence[float]
    colour: str
    dashed: bool = False


def line_plot(x: Sequence[float], lines: Sequence[Line], x_label: str, percent: bool) -> str:
    """Draw lines over a common x axis that begins at zero.

    Parameters
    ----------
    x
        Ascending, at least one value, all ``>= 0``.
    lines
        As many y values each as there are x values, all finite.
    x_label
        Text below the x axis.
    percent
        Whether y values are shares to be labelled in percent.
    """
    values = [value for line in lines for value in line.y]
    y_ticks = ticks(min(values), max(values))
    x_ticks = ticks(0.0, max(x))
    low, high = y_ticks[0], y_ticks[-1]

    def px(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / x_ticks[-1]

    def py(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
    ]
    for tick in y_ticks:
        text = f"{100 * tick:.4g} %" if percent else f"{tick:.4g}"
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{py(tick):.1f}" '
            f'y2="{py(tick):.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{py(tick) + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for tick in x_ticks:
        text = f"{tick:,.0f}" if x_ticks[-1] >= 10 else f"{tick:.4g}"
        place = f'x="{px(tick):.1f}" y="{_HEIGHT - _BOTTOM + 16}"'
        parts.append(f'<text {place} text-anchor="middle">{text}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 2}" text-anchor="middle">{escape(x_label)}</text>'
    )
    label_y = -1e9
    for line in sorted(lines, key=lambda line: -line.y[-1]):
        points = " ".join(f"{px(a):.1f},{py(b):.1f}" for a, b in zip(x, line.y, strict=True))
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        # Labels stand where their lines end, but never on top of each other.
        label_y = max(label_y + 15, py(line.y[-1]) + 4)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{line.colour}" '
            f'stroke-width="1.8"{dash}/>'
            f'<text x="{px(x[-1]) + 6:.1f}" y="{label_y:.1f}" fill="{line.colour}">'
            f"{escape(line.label)}</text>"
        )
    return "".join(parts) + "</svg>"


def ticks(low: float, high: float) -> list[float]:
    """Round numbers, four to nine of them, that span ``low`` to ``high``."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** floor(log10(span / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 6)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [step * index for index in range(first, max(last, first + 1) + 1)]

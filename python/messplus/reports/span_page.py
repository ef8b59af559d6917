"""A page for people outside on how a service level was kept in a span of time, such as a month."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ._page import fill
from ._svg import Line, line_plot
from .calendar import LENGTHS
from .colours import AGREED, ROUTER
from .verdict import Verdict, judge

if TYPE_CHECKING:
    from .parts import SpanSLA
    from .span import SpanReport


def render(report: SpanReport, title: str, *, now: float, unit: str = "") -> str:
    """Write the page; see :func:`messplus.reports.compliance.render`."""
    return fill(
        "span.html.jinja",
        title=title,
        now=now,
        unit=unit,
        period=_period(report),
        report=report,
        verdicts={name: _verdict(sla) for name, sla in report.slas.items()},
        plots={name: _plot(report, index) for index, name in enumerate(report.slas)},
    )


def _verdict(sla: SpanSLA) -> Verdict | None:
    if sla.target == 0.0:
        return None
    return judge(sla.satisfaction_rate, sla.target or 0.0, sla.interval, sla.rated)


def _plot(report: SpanReport, index: int) -> str:
    start = report.since.timestamp()
    length = LENGTHS[report.resolution]
    rated = [slot for slot in report.slots if slot.slas[index].rated]
    if len(rated) < 2:
        return ""
    sums = [slot.slas[index] for slot in rated]
    rates = [min(max(s.satisfaction / s.rated, 0.0), 1.0) for s in sums]
    return line_plot(
        [(slot.start - start) / length for slot in rated],
        [
            Line("achieved", rates, ROUTER),
            Line("agreed", [s.target / s.rated for s in sums], AGREED, dashed=True),
        ],
        f"{report.resolution}s since {report.since:%Y-%m-%d %H:%M} UTC",
        percent=True,
    )


def _period(report: SpanReport) -> str:
    whole_days = report.resolution == "day"
    shown = "%Y-%m-%d" if whole_days else "%Y-%m-%d %H:%M UTC"
    text = f"From {report.since:{shown}}"
    if report.until is not None:
        last = report.until - timedelta(days=1) if whole_days else report.until
        text += f" to {last:{shown}}"
    else:
        text += " on"
    if report.recorded_since is not None and report.recorded_since > report.since:
        text += f", recorded since {report.recorded_since:%Y-%m-%d}"
    return text

"""A page that shows a customer how a service level was kept, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._page import date, fill, number, percent
from ._svg import Line, line_plot
from .calendar import KEPT
from .colours import AGREED, CERTAIN, MOST_EXPENSIVE, ROUTER
from .verdict import Verdict, judge
from .view import RATINGS_TO_COMPARE, comparable, mixture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .calendar import Calendar
    from .parts import SLAReport
    from .report import Report


def render(
    report: Report,
    calendar: Calendar,
    listed: Mapping[str, float],
    title: str,
    *,
    now: float,
    unit: str = "",
) -> str:
    """Write the page: one file of HTML that needs nothing else.

    Parameters
    ----------
    report
        What it shows.
    calendar
        What happened when: the days the page speaks of.
    listed
        Listed cost of each model, for models whose calls never reported a cost.
    title
        Heading of the page.
    now
        When the page is written, in seconds since 1970.
    unit
        Currency or unit of the costs, to be named on the page.

    Raises
    ------
    MissingDependencyError
        Without the extra ``report``.
    """
    costs = _mean_costs(report, listed)
    levels = [
        {
            "name": name,
            "report": sla,
            "verdict": _verdict(sla) if sla.target > 0.0 else None,
            "plots": _plots(sla, costs),
        }
        for name, sla in report.slas.items()
    ]
    return fill(
        "page.html.jinja",
        title=title,
        now=now,
        unit=unit,
        period=_period(calendar, now),
        report=report,
        levels=levels,
        savings=savings(report, costs),
        shadow=_shadow(report),
        imputed_satisfaction=sum(sla.imputed_satisfaction for sla in report.slas.values()),
    )


@dataclass(frozen=True)
class Savings:
    """What the router's calls cost beside what others would have.

    Attributes
    ----------
    mean
        Mean cost of a call; None where none was reported.
    alternatives
        Name, mean cost of a call, and the share of it that the router saved; None where nothing
        proves it.
    listed
        Whether the most expensive model's cost is only listed: no call of it reported one.
    needed
        Ratings before the mixture is estimated.
    """

    mean: float | None
    alternatives: Sequence[tuple[str, float | None, float | None]]
    listed: bool
    needed: int = RATINGS_TO_COMPARE


def savings(report: Report, costs: Mapping[str, float]) -> Savings:
    """Compare the router with its most expensive model and with the cheapest blind mixture."""
    most_expensive = max(costs, key=costs.__getitem__)
    costed = sum(model.costed for model in report.models.values())
    mean = report.cost / costed if costed else None
    known = report.models[most_expensive].costed > 0
    evident = comparable(report)
    mix = mixture(report) if evident else None
    alternatives = [
        (f"{most_expensive} for every request", costs[most_expensive], known and evident),
        ("blind mixture that keeps the level", mix, True),
    ]
    return Savings(
        mean,
        [
            (name, cost, 1 - mean / cost if proven and cost and mean is not None else None)
            for name, cost, proven in alternatives
        ],
        listed=not known,
    )


def _verdict(sla: SLAReport) -> Verdict:
    return judge(sla.satisfaction_rate, sla.target, sla.interval, sla.rated)


def _shadow(report: Report) -> list[tuple[str, str, str, str, str]]:
    """Rows of a table: name, served, estimate, interval, and the share identified."""
    if report.shadow is None:
        return []
    parts = (
        ("satisfaction", report.shadow.satisfaction, percent),
        ("cost", report.shadow.cost, number),
    )
    return [
        (
            name,
            shown(part.served),
            shown(part.estimate),
            f"{shown(part.interval[0])} to {shown(part.interval[1])}",
            percent(part.identified),
        )
        for name, part, shown in parts
        if part is not None
    ]


def _plots(sla: SLAReport, costs: Mapping[str, float]) -> list[tuple[str, str]]:
    points = [point for point in sla.history if point.accounted > 0]
    if not points:
        return []
    x = [float(point.accounted) for point in points]
    target = sla.target
    rate = [point.satisfaction / point.accounted for point in points]
    certain = [max(0.0, target - point.backlog / point.accounted) for point in points]
    label = "requests rated or imputed" if sla.imputed else "rated requests"
    # The first few ratings would stretch the axis without saying anything.
    start = min(len(points) - 1, max(1, len(points) // 50))
    satisfaction = line_plot(
        x[start:],
        [
            Line("achieved", rate[start:], ROUTER),
            Line("agreed", [target] * len(x[start:]), AGREED, dashed=True),
            Line("certain at least", certain[start:], CERTAIN),
        ],
        label,
        percent=True,
    )
    plots = [("Satisfaction so far", satisfaction)]
    costed = [point for point in points[start:] if point.costed > 0]
    if costed:
        cost = line_plot(
            [float(point.accounted) for point in costed],
            [
                Line("router", [point.cost / point.costed for point in costed], ROUTER),
                Line(
                    "most expensive model",
                    [max(costs.values())] * len(costed),
                    MOST_EXPENSIVE,
                    dashed=True,
                ),
            ],
            label,
            percent=False,
        )
        plots.append(("Mean cost of a call so far", cost))
    return plots


def _mean_costs(report: Report, listed: Mapping[str, float]) -> dict[str, float]:
    return {
        name: model.cost / model.costed if model.costed else listed[name]
        for name, model in report.models.items()
    }


def _period(calendar: Calendar, now: float) -> str:
    days = calendar.slots["day"]
    if not days:
        return "The period was not recorded"
    before = "before " if len(days) == KEPT["day"] else ""
    return f"From {before}{date(days[0].start)[:10]} to {date(now)[:10]}"

"""A page that shows a customer how a service level was kept, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from messplus._optional import require

from ._svg import Line, line_plot
from .mixture import Frontier, cheapest_mix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .report import Report, SLAReport

_TEMPLATE = Path(__file__).parent / "page.html.jinja"
_BLUE, _GREEN, _GREY = "#0072b2", "#009e73", "#6b6b6b"


def render(report: Report, listed: Mapping[str, float], title: str) -> str:
    """Write the page: one file of HTML that needs nothing else.

    Parameters
    ----------
    report
        :meth:`Router.report` of the router.
    listed
        Listed cost of each model, for models whose calls never reported a cost.
    title
        Heading of the page.

    Raises
    ------
    MissingDependencyError
        If Jinja2 is not installed.
    """
    jinja = require("jinja2", "report")
    # Names come from users: whatever is shown is escaped, but for the plots.
    environment = jinja.Environment(
        autoescape=True, undefined=jinja.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters |= {"percent": _percent, "number": _number, "span": _span}
    costs = _mean_costs(report, listed)
    levels = [
        {
            "name": name,
            "report": sla,
            "verdict": verdict(sla) if sla.target > 0.0 else None,
            "plots": _plots(sla, costs),
        }
        for name, sla in report.slas.items()
    ]
    page: str = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        report=report,
        levels=levels,
        savings=savings(report, costs),
        shadow=_shadow(report),
        imputed_satisfaction=sum(sla.imputed_satisfaction for sla in report.slas.values()),
    )
    return page


class Verdict(NamedTuple):
    """``kept``, ``missed`` or ``open``, and the sentence that says so."""

    kind: str
    text: str


def verdict(sla: SLAReport) -> Verdict:
    """Say how a service level stands."""
    rate, interval = sla.satisfaction_rate, sla.interval
    if rate is None or interval is None:
        return Verdict("open", "No request has been rated yet: nothing can be said.")
    met = f"{_percent(rate)} of {sla.rated:,} rated requests satisfied, {_percent(sla.target)}"
    if rate >= sla.target:
        sure = interval[0] >= sla.target
        more = "" if sure else " The true rate may still lie below: see the interval."
        return Verdict("kept", f"The service level was kept: {met} agreed.{more}")
    if interval[1] >= sla.target:
        text = f"The service level is open: {met} agreed, within the uncertainty."
        return Verdict("open", text)
    return Verdict("missed", f"The service level was missed: {met} agreed.")


@dataclass(frozen=True)
class Savings:
    """What the router's calls cost beside what others would have.

    Attributes
    ----------
    mean
        Mean cost of a call; None where none was reported.
    alternatives
        Name, mean cost of a call, and the share of it that the router saved.
    """

    mean: float | None
    alternatives: Sequence[tuple[str, float | None, float | None]]


def savings(report: Report, costs: Mapping[str, float]) -> Savings:
    """Compare the router with its most expensive model and with the cheapest blind mixture."""
    most_expensive = max(costs, key=costs.__getitem__)
    costed = sum(model.costed for model in report.models.values())
    mean = report.cost / costed if costed else None
    alternatives = [
        (f"{most_expensive} for every request", costs[most_expensive]),
        ("blind mixture that keeps the level", _blind_mix(report)),
    ]
    return Savings(
        mean,
        [
            (name, cost, None if not cost or mean is None else 1 - mean / cost)
            for name, cost in alternatives
        ],
    )


def _shadow(report: Report) -> list[tuple[str, str, str, str, str]]:
    """Rows of a table: name, served, estimate, interval, and the share identified."""
    if report.shadow is None:
        return []
    parts = (
        ("satisfaction", report.shadow.satisfaction, _percent),
        ("cost", report.shadow.cost, _number),
    )
    return [
        (
            name,
            shown(part.served),
            shown(part.estimate),
            f"{shown(part.interval[0])} to {shown(part.interval[1])}",
            _percent(part.identified),
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
            Line("achieved", rate[start:], _BLUE),
            Line("agreed", [target] * len(x[start:]), _GREY, dashed=True),
            Line("certain at least", certain[start:], _GREEN),
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
                Line("router", [point.cost / point.costed for point in costed], _BLUE),
                Line(
                    "most expensive model",
                    [max(costs.values())] * len(costed),
                    _GREY,
                    dashed=True,
                ),
            ],
            label,
            percent=False,
        )
        plots.append(("Mean cost of a call so far", cost))
    return plots


def _blind_mix(report: Report) -> float | None:
    """Cost of the cheapest mixture that keeps every target, by the router's own predictions."""
    models = [model for model in report.models.values() if model.predicted_rate_overall is not None]
    rates = np.array([model.predicted_rate_overall or 0.0 for model in models])
    costs = np.array([model.expected_cost_overall or 0.0 for model in models])
    total = 0.0
    for sla in report.slas.values():
        mix = cheapest_mix(Frontier(rates, costs), sla.target) if sla.decisions else None
        if mix is not None:
            total += sla.decisions * mix.cost
        elif sla.decisions:
            return None
    return total / report.decisions if report.decisions else None


def _mean_costs(report: Report, listed: Mapping[str, float]) -> dict[str, float]:
    return {
        name: model.cost / model.costed if model.costed else listed[name]
        for name, model in report.models.items()
    }


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _span(interval: tuple[float, float] | None) -> str:
    return "none" if interval is None else f"{_percent(interval[0])} to {_percent(interval[1])}"


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

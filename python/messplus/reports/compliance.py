"""A page that shows a customer how a service level was kept, and what it cost."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ._svg import Line, line_plot
from .mixture import Frontier, cheapest_mix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .report import Report, SLAReport

_BLUE, _RED, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#6b6b6b"

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 760px; margin: 2.5em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0; } h2 { font-size: 1.1em; margin-top: 2em; }
.verdict { font-size: 1.15em; padding: .6em .9em; border-left: 5px solid; background: #f6f6f6; }
dl { display: grid; grid-template-columns: repeat(3, 1fr); gap: .8em 1.5em; }
dt { color: #6b6b6b; font-size: .85em; } dd { margin: 0; font-size: 1.25em; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: right; padding: .3em .5em; }
th:first-child, td:first-child { text-align: left; } th { border-bottom: 1px solid #999;
  font-weight: 600; } td { border-bottom: 1px solid #e6e6e6; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: #444; }
.grid { stroke: #e6e6e6; } .note { color: #6b6b6b; font-size: .85em; }
"""


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
    """
    body = [
        f"<h1>{escape(title)}</h1>",
        *_levels(report, listed),
        *_limits(report),
        *_shadow(report),
        "<h2>Cost</h2>",
        _savings(report, listed),
        "<h2>Models</h2>",
        _models(report),
        "<h2>How to read this</h2>",
        _method(report),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _levels(report: Report, listed: Mapping[str, float]) -> Iterable[str]:
    most_expensive = max(_mean_costs(report, listed).values())
    for name, sla in report.slas.items():
        if len(report.slas) > 1:
            yield f"<h2>Service level {escape(name)}</h2>"
        if sla.target > 0.0:
            yield _verdict(sla)
        yield _figures(sla)
        yield from _plots(sla, most_expensive)


def _limits(report: Report) -> Iterable[str]:
    if not report.limits:
        return
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_number(limit.limit)}</td><td>{_number(limit.mean)}</td>"
        f"<td>{_number(limit.upper_bound)}</td><td>{limit.calls:,}</td></tr>"
        for name, limit in report.limits.items()
    )
    yield "<h2>Limits on the mean per call</h2>"
    yield (
        "<table><tr><th></th><th>agreed</th><th>achieved</th><th>certain at most</th>"
        f"<th>calls</th></tr>{rows}</table>"
    )


def _shadow(report: Report) -> Iterable[str]:
    shadow = report.shadow
    if shadow is None:
        return
    rows = "".join(
        f"<tr><td>{name}</td><td>{number(part.served)}</td><td>{number(part.estimate)}</td>"
        f"<td>{number(part.interval[0])} to {number(part.interval[1])}</td>"
        f"<td>{_percent(part.identified)}</td></tr>"
        for name, part, number in (
            ("satisfaction", shadow.satisfaction, _percent),
            ("cost", shadow.cost, _number),
        )
        if part is not None
    )
    yield "<h2>Shadow mode</h2>"
    yield (
        "<table><tr><th></th><th>served</th><th>router, estimated</th><th>95 % interval</th>"
        f"<th>identified</th></tr>{rows}</table>"
        f'<p class="note">On {shadow.decisions:,} requests a fixed model served and the router '
        f"watched; on {_percent(shadow.agreed)} of them it would have chosen the model that "
        "served. The estimate is what the router predicted of its choices, corrected by what came "
        "of them where they served (doubly robust; interval of large samples, for one look). Where "
        "its choice could not serve the estimate is the prediction alone: that share is not "
        "identified.</p>"
    )


def _verdict(sla: SLAReport) -> str:
    rate, interval = sla.satisfaction_rate, sla.interval
    if rate is None or interval is None:
        return _banner(_GREY, "No request has been rated yet: nothing can be said.")
    met = f"{_percent(rate)} of {sla.rated:,} rated requests satisfied, {_percent(sla.target)}"
    if rate >= sla.target:
        sure = interval[0] >= sla.target
        more = "" if sure else " The true rate may still lie below: see the interval."
        return _banner(_GREEN, f"The service level was kept: {met} agreed.{more}")
    if interval[1] >= sla.target:
        return _banner(_GREY, f"The service level is open: {met} agreed, within the uncertainty.")
    return _banner(_RED, f"The service level was missed: {met} agreed.")


def _banner(colour: str, text: str) -> str:
    return f'<p class="verdict" style="border-color: {colour}">{escape(text)}</p>'


def _figures(sla: SLAReport) -> str:
    interval = sla.interval
    figures = [
        ("agreed", _percent(sla.target)),
        ("achieved, rated requests", _percent(sla.satisfaction_rate)),
        ("certain at least", _percent(sla.lower_bound)),
        (
            "true rate, 95 % confidence",
            "none" if interval is None else f"{_percent(interval[0])} to {_percent(interval[1])}",
        ),
        ("requests", f"{sla.decisions:,}"),
        (
            "of them rated",
            _percent(sla.rated / sla.decisions if sla.decisions else None),
        ),
    ]
    return "<dl>" + "".join(f"<div><dt>{n}</dt><dd>{v}</dd></div>" for n, v in figures) + "</dl>"


def _plots(sla: SLAReport, most_expensive: float) -> list[str]:
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
    plots = ["<h2>Satisfaction so far</h2>", satisfaction]
    costed = [point for point in points[start:] if point.costed > 0]
    if costed:
        cost = line_plot(
            [float(point.accounted) for point in costed],
            [
                Line("router", [point.cost / point.costed for point in costed], _BLUE),
                Line("most expensive model", [most_expensive] * len(costed), _GREY, dashed=True),
            ],
            label,
            percent=False,
        )
        plots += ["<h2>Mean cost of a call so far</h2>", cost]
    return plots


def _savings(report: Report, listed: Mapping[str, float]) -> str:
    costs = _mean_costs(report, listed)
    most_expensive = max(costs, key=lambda name: costs[name])
    costed = sum(model.costed for model in report.models.values())
    mean = report.cost / costed if costed else None
    mix = _blind_mix(report)
    rows = [
        (f"{most_expensive} for every request", costs[most_expensive]),
        ("blind mixture that keeps the level", mix),
    ]
    body = f"<tr><td>this router</td><td>{_number(mean)}</td><td></td></tr>" + "".join(
        f"<tr><td>{escape(name)}</td><td>{_number(cost)}</td>"
        f"<td>{_percent(None if not cost or mean is None else 1 - mean / cost)}</td></tr>"
        for name, cost in rows
    )
    return (
        "<table><tr><th></th><th>mean cost of a call</th><th>saved by the router</th></tr>"
        f"{body}</table>"
        '<p class="note">The most expensive model\'s cost is the mean over its own calls. The '
        "mixture draws models at random, whatever is asked, with the shares that keep the agreed "
        "rate most cheaply. Its cost is an estimate, from what the router predicted of every model "
        f"on every request: {_predictions(report)}.</p>"
    )


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


def _predictions(report: Report) -> str:
    return ", ".join(
        f"{escape(name)} {_percent(model.predicted_rate_overall)} "
        f"at {_number(model.expected_cost_overall)}"
        for name, model in report.models.items()
    )


def _models(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{model.selected:,}</td><td>{model.rated:,}</td>"
        f"<td>{_percent(model.satisfaction_rate)}</td><td>{_percent(model.predicted_rate)}</td>"
        f"<td>{_number(model.cost)}</td><td>{model.failed:,}</td></tr>"
        for name, model in report.models.items()
    )
    return (
        "<table><tr><th>model</th><th>chosen</th><th>rated</th><th>satisfied</th><th>predicted</th>"
        f"<th>cost</th><th>failed calls</th></tr>{rows}</table>"
    )


def _method(report: Report) -> str:
    imputed = (
        f" {report.imputed:,} requests were never rated and count with an imputed satisfaction of "
        f"{sum(sla.imputed_satisfaction for sla in report.slas.values()):,.1f} in the certain "
        "bound and the plots, and nowhere else."
        if report.imputed
        else ""
    )
    return (
        "<p class='note'><b>Certain at least</b>: agreed rate minus backlog per rated request; it "
        "follows from the bookkeeping alone, without any assumption. <b>True rate</b>: an "
        "anytime-valid empirical-Bernstein confidence sequence (Howard, Ramdas, McAuliffe and "
        "Sekhon, Annals of Statistics 49(2), 2021) for the mean probability of satisfaction of the "
        "rated requests; it holds however often one looks and whatever changes. Both speak of "
        f"rated requests: users who do not rate may differ.{imputed}</p>"
    )


def _mean_costs(report: Report, listed: Mapping[str, float]) -> dict[str, float]:
    return {
        name: model.cost / model.costed if model.costed else listed[name]
        for name, model in report.models.items()
    }


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

"""A report as plain data for those who look at it live: the terminal, the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .calendar import LENGTHS
from .mixture import Frontier, cheapest_mix
from .span import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .calendar import Calendar, Slot
    from .fleet import FleetReport
    from .parts import SLAReport
    from .report import Report

#: Ratings before costs are compared.
RATINGS_TO_COMPARE = 50


def view(report: Report, calendar: Calendar, now: float) -> dict[str, Any]:
    """Write a report as JSON-able data; what is not known is None.

    Parameters
    ----------
    report
        The report.
    calendar
        What happened when.
    now
        The time, in seconds since 1970.

    Returns
    -------
    dict
        Totals, of which ``most_expensive`` and ``mixture``, the mean costs that the router is
        compared with, are None until enough is rated; ``fleet``, None without one; a list of
        ``slas`` and one of ``models``; and ``periods``, lists of columns by name for each kind of
        slot there is any of.
    """
    costed = sum(model.costed for model in report.models.values())
    costs = [model.expected_cost_overall for model in report.models.values() if not model.removed]
    delays = report.durations.get("feedback")
    return {
        "now": now,
        "status": report.status,
        "out_of_reach": list(report.out_of_reach),
        "decisions": report.decisions,
        "rated": report.rated,
        "pending": report.pending,
        "backlog": report.backlog,
        "explored": report.exploration_share,
        "cost": report.cost,
        "mean_cost": _ratio(report.cost, costed),
        "most_expensive": max((cost for cost in costs if cost is not None), default=None)
        if comparable(report)
        else None,
        "mixture": mixture(report) if comparable(report) else None,
        "delay": None if delays is None else _median(delays.bounds, delays.counts),
        "errors": {
            "featurizer": report.featurizer_errors + report.featurizer_timeouts,
            "state": sum(report.state_errors.values()),
        },
        "fleet": None if report.fleet is None else _fleet(report.fleet),
        "slas": [_sla(name, sla) for name, sla in report.slas.items()],
        "models": [
            {
                "name": name,
                "removed": model.removed,
                "selected": model.selected,
                "share": _ratio(model.selected, report.decisions),
                "rated": model.rated,
                "rate": model.satisfaction_rate,
                "predicted": model.predicted_rate,
                "mean_cost": _ratio(model.cost, model.costed),
                "mean_latency": model.mean_latency,
                "failed": model.failed,
            }
            for name, model in report.models.items()
        ],
        "periods": {
            name: _columns(ring, LENGTHS[name], calendar.models)
            for name, ring in calendar.slots.items()
            if ring
        },
    }


def comparable(report: Report) -> bool:
    """Whether enough is known of the satisfaction to say what was saved while it was kept."""
    return report.rated >= RATINGS_TO_COMPARE and report.status != "unrated"


def mixture(report: Report) -> float | None:
    """Cost of the cheapest blind mixture that keeps every target, by the router's predictions."""
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


def _fleet(fleet: FleetReport) -> dict[str, Any]:
    return {"text": str(fleet), "replicas": fleet.replicas, "degraded": fleet.degraded}


def _sla(name: str, sla: SLAReport) -> dict[str, Any]:
    return {
        "name": name,
        "status": sla.status,
        "target": sla.target,
        "rate": sla.satisfaction_rate,
        "interval": sla.interval,
        "lower_bound": sla.lower_bound,
        "backlog": sla.backlog,
        "decisions": sla.decisions,
        "rated": sla.rated,
    }


def _columns(ring: Sequence[Slot], length: int, models: Sequence[str]) -> dict[str, Any]:
    decisions = [_total(slot, "decided") - _total(slot, "cancelled") for slot in ring]
    rated = [int(_total(slot, "rated")) for slot in ring]
    rates = [_ratio(_total(slot, "satisfaction"), n) for slot, n in zip(ring, rated, strict=True)]
    return {
        "length": length,
        "start": [slot.start for slot in ring],
        "decisions": [max(0, int(n)) for n in decisions],
        "coverage": _ratios(rated, decisions),
        # A revision of an earlier rating may bring the rate of a slot out of range.
        "rate": [None if rate is None else min(max(rate, 0.0), 1.0) for rate in rates],
        "interval": [
            wilson(_total(slot, "satisfaction"), n) for slot, n in zip(ring, rated, strict=True)
        ],
        "target": _ratios([_total(slot, "target") for slot in ring], rated),
        "predicted": _ratios([slot.predicted for slot in ring], rated),
        "backlog": [slot.backlog for slot in ring],
        "cost": [_ratio(_total(slot, "cost"), _total(slot, "costed")) for slot in ring],
        "most_expensive": _ratios(
            [slot.most_expensive for slot in ring], [_total(slot, "decided") for slot in ring]
        ),
        "failed": [sum(model.failed for model in slot.models) for slot in ring],
        "share": {name: _share(ring, index) for index, name in enumerate(models)},
    }


def _share(ring: Sequence[Slot], index: int) -> list[float | None]:
    return _ratios(
        [slot.models[index].selected for slot in ring],
        [sum(model.selected for model in slot.models) for slot in ring],
    )


def _total(slot: Slot, name: str) -> float:
    """Sum of a figure over the service levels."""
    return float(sum(getattr(sla, name) for sla in slot.slas))


def _ratios(parts: Sequence[float], wholes: Sequence[float]) -> list[float | None]:
    return [_ratio(part, whole) for part, whole in zip(parts, wholes, strict=True)]


def _median(bounds: Sequence[float], counts: Sequence[int]) -> float | None:
    """Upper bound of the bucket that holds the median; None without any, or beyond the last."""
    half, below = sum(counts) / 2, 0
    for bound, count in zip(bounds, counts, strict=False):
        below += count
        if below and below >= half:
            return bound
    return None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None

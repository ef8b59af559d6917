"""From the core's counters to a report."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import TYPE_CHECKING, get_args

from messplus.state.core_config import NO_CAP

from . import shadow
from .confidence import audited_interval, satisfaction_interval
from .parts import (
    AuditReport,
    CapReport,
    Durations,
    LimitReport,
    ModelReport,
    PeriodReport,
    Point,
    RandomisationReport,
    SLAReport,
    SourceReport,
    Status,
)
from .report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from messplus._core import (
        AuditCounters,
        CapCounters,
        ClosedPeriod,
        CoreReport,
        LevelCounters,
        LimitCounters,
        ModelCounters,
        RandomisationCounters,
    )
    from messplus.reports.fleet import FleetReport


_RATINGS_TO_LEARN = 50


def build(
    counters: CoreReport,
    *,
    featurizer_errors: int = 0,
    featurizer_timeouts: int = 0,
    log_errors: int = 0,
    durations: Mapping[str, tuple[Sequence[float], Sequence[int], float]] | None = None,
    fleet: FleetReport | None = None,
) -> Report:
    """Turn the core's counters, and what is counted beside it, into a report."""
    decisions = counters["decisions"]
    models = {name: _model(model) for name, model in counters["models"].items()}
    slas = {name: _sla(sla) for name, sla in counters["slas"].items()}
    limits = {name: _limit(name, limit, models) for name, limit in counters["limits"].items()}
    reasons: Counter[str] = Counter()
    for model in models.values():
        reasons.update(model.reasons)
    rated = sum(sla.rated for sla in slas.values())
    accounted = {name: sla.rated + sla.imputed for name, sla in slas.items()}
    # Before anything is accounted for, every level counts alike.
    weights = accounted if any(accounted.values()) else dict.fromkeys(slas, 1)
    target = sum(weights[name] * slas[name].target for name in slas) / sum(weights.values())
    backlog = sum(sla.backlog for sla in slas.values())
    levels, bounds = list(slas.items()), list(limits.items())
    out_of_reach = [f"sla {name}" for name, sla in levels if not sla.feasible]
    out_of_reach += [f"limit {name}" for name, limit in bounds if not limit.feasible]
    satisfaction = sum(sla["satisfaction"] for sla in counters["slas"].values())
    return Report(
        slas=slas,
        limits=limits,
        models=models,
        target=target,
        decisions=decisions,
        rated=rated,
        imputed=sum(sla.imputed for sla in slas.values()),
        satisfaction_rate=_ratio(satisfaction, rated),
        backlog=backlog,
        lower_bound=_bound(target, backlog, sum(accounted.values())),
        feasible=not out_of_reach,
        status=min((sla.status for sla in slas.values()), key=get_args(Status).index),
        sources={name: SourceReport(**source) for name, source in counters["sources"].items()},
        out_of_reach=tuple(out_of_reach),
        exploration_share=_ratio(reasons["explore"], decisions),
        cost=sum(model.cost for model in models.values()),
        pending=counters["pending"],
        evicted=counters["evicted"],
        featurizer_errors=featurizer_errors,
        featurizer_timeouts=featurizer_timeouts,
        state_errors={**counters["state_errors"], "log": log_errors},
        reasons=dict(reasons),
        shadow=shadow.build(counters["shadow"]),
        randomisation=_randomisation(counters["randomisation"]),
        max_cost=_cap(counters["max_cost"]),
        durations={name: Durations(*read) for name, read in (durations or {}).items()},
        fleet=fleet,
    )


def _sla(counters: LevelCounters) -> SLAReport:
    rated, target, backlog = counters["rated"], counters["target"], counters["backlog"]
    interval = satisfaction_interval(rated, counters["satisfaction"], counters["spread"])
    audit = _audit(counters["audits"])
    return SLAReport(
        target=target,
        decisions=counters["decisions"],
        rated=rated,
        imputed=counters["imputed"],
        imputed_satisfaction=counters["imputed_satisfaction"],
        satisfaction_rate=_ratio(counters["satisfaction"], rated),
        interval=interval,
        backlog=backlog,
        lower_bound=_bound(target, backlog, rated + counters["imputed"]),
        feasible=counters["feasible"],
        status=_status(counters, interval if audit is None else audit.interval),
        audit=audit,
        judged=counters["judged"],
        volunteered=counters["volunteered"],
        set_aside=counters["set_aside"],
        price_capped=counters["price_capped"],
        cost=counters["cost"],
        history=tuple(Point(*point) for point in counters["history"]),
        since=counters["since"],
        closed=tuple(_closed(period) for period in counters["closed"]),
    )


def _closed(sums: ClosedPeriod) -> PeriodReport:
    rated, target, backlog = sums["rated"], sums["target"], sums["backlog"]
    return PeriodReport(
        target=target,
        decisions=sums["decisions"],
        rated=rated,
        imputed=sums["imputed"],
        satisfaction_rate=_ratio(sums["satisfaction"], rated),
        lower_bound=_bound(target, backlog, rated + sums["imputed"]),
        cost=sums["cost"],
    )


def _cap(counters: CapCounters) -> CapReport:
    router = counters["router"] if counters["router"] < NO_CAP else None
    return CapReport(router, counters["narrowed"], counters["unaffordable"])


def _randomisation(counters: RandomisationCounters) -> RandomisationReport | None:
    return RandomisationReport(**counters) if counters["epsilon"] else None


def _audit(sums: AuditCounters) -> AuditReport | None:
    if not sums["rated"]:
        return None
    predicted = sums["predicted"] / sums["decided"]
    estimate = predicted + sums["residual"] / sums["weight"]
    interval = audited_interval(predicted, sums["weight"], sums["residual"], sums["spread"])
    return AuditReport(
        estimate=min(max(estimate, 0.0), 1.0),
        interval=interval,
        decided=sums["decided"],
        audited=sums["audited"],
        rated=sums["rated"],
    )


def _status(counters: LevelCounters, interval: tuple[float, float] | None) -> Status:
    if not counters["feasible"]:
        return "out_of_reach"
    if counters["unrated"]:
        return "unrated"
    rated, target = counters["rated"], counters["target"]
    # Two standard deviations of what half-and-half ratings would owe by chance.
    if (interval is not None and interval[1] < target) or counters["backlog"] > sqrt(rated + 25):
        return "behind"
    return "learning" if rated < _RATINGS_TO_LEARN else "holding"


def _limit(name: str, counters: LimitCounters, models: Mapping[str, ModelReport]) -> LimitReport:
    if name == "cost":
        calls = sum(model.costed for model in models.values())
        used = sum(model.cost for model in models.values())
    else:
        calls = sum(model.timed for model in models.values())
        used = sum(model.timed * (model.mean_latency or 0.0) for model in models.values())
    calls, used = calls - counters["calls_before"], used - counters["used_before"]
    limit, backlog = counters["limit"], counters["backlog"]
    return LimitReport(
        limit=limit,
        calls=calls,
        mean=_ratio(used, calls),
        backlog=backlog,
        upper_bound=limit * (1 + backlog / calls) if calls else None,
        feasible=counters["feasible"],
    )


def _model(counters: ModelCounters) -> ModelReport:
    return ModelReport(
        removed=counters["removed"],
        selected=counters["selected"],
        reasons=counters["reasons"],
        predicted_rate=_ratio(counters["predicted"], counters["selected"]),
        also_queried=counters["also_queried"],
        predicted_rate_overall=_ratio(counters["predicted_overall"], counters["considered"]),
        expected_cost_overall=_ratio(counters["expected_cost_overall"], counters["considered"]),
        failed=counters["failed"],
        drifts=counters["drifts"],
        cost_anomalies=counters["cost_anomalies"],
        rated=counters["rated"],
        satisfaction_rate=_ratio(counters["satisfaction"], counters["rated"]),
        costed=counters["costed"],
        cost=counters["cost"],
        timed=counters["timed"],
        mean_latency=_ratio(counters["latency"], counters["timed"]),
    )


def _bound(target: float, backlog: float, accounted: int) -> float | None:
    """``target - Q / T``: the sum over T requests of ``Q_{t+1} >= Q_t + target - s_t``, Q_1 = 0.

    MESS+, arXiv 2505.19947, algorithm 1; Neely, Stochastic Network Optimization, 2010, eq. 4.40.
    """
    return target - backlog / accounted if accounted else None


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None

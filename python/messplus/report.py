"""What a router has done so far, and what follows from it with certainty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .confidence import satisfaction_interval

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ModelReport:
    """One model's part.

    Attributes
    ----------
    selected
        Requests it was chosen to serve.
    reasons
        Those requests per reason.
    predicted_rate
        Mean over them of the predicted probability of satisfaction; None without any.
    also_queried
        Requests on which it was queried for learning only.
    failed
        Calls reported by :meth:`Router.failed`.
    rated, satisfaction_rate
        Ratings of its answers and their mean; None without ratings.
    billed, cost
        Bills of its calls and their sum, in the unit of the zoo.
    timed, mean_latency
        Reported latencies and their mean in seconds; None without any.
    """

    selected: int
    reasons: Mapping[str, int]
    predicted_rate: float | None
    also_queried: int
    failed: int
    rated: int
    satisfaction_rate: float | None
    billed: int
    cost: float
    timed: int
    mean_latency: float | None


class Point(NamedTuple):
    """Totals after some number of accounted requests; costs are those billed until then."""

    accounted: int
    satisfaction: float
    backlog: float
    cost: float


@dataclass(frozen=True)
class Report:
    """A router's account since it was made.

    Attributes
    ----------
    target
        The agreed satisfaction rate alpha.
    decisions, rated
        Requests decided, and requests whose satisfaction is known (T).
    presumed, presumed_satisfaction
        Requests never rated that count all the same (``missing``), and the sum presumed of them.
    satisfaction_rate
        Mean satisfaction of the rated requests; None without ratings.
    interval
        Anytime-valid 95 % confidence interval for the true rate of the rated requests; None without
        ratings. See :func:`messplus.confidence.satisfaction_interval`.
    backlog
        The virtual queue Q: satisfaction owed, in rated requests; below zero where credit counts.
    feasible
        Whether the target seems within reach. False once no price of satisfaction buys enough and
        the best model for each request is expected to stay below the target; the most satisfying
        models then serve. The paper's policy cannot tell and says True.
    lower_bound
        ``target - Q / T``: the satisfaction rate is at least this, with certainty; None without
        ratings. Presumed requests are included in rate, Q and T.
    exploration_share
        Share of decisions drawn for exploration; None without decisions.
    cost
        Sum of all bills, calls made for learning included.
    pending, evicted
        Decisions still waiting for their rating, and decisions dropped before it came.
    featurizer_errors
        Prompts that could not be turned into features and were routed without.
    featurizer_timeouts
        Prompts routed without features because they were not ready by the deadline.
    state_errors
        Failures to write the folder of :meth:`Router.open`, per kind: ``write``, ``sync``,
        ``snapshot``, and transitions not recorded because the router was ``closed`` or ``forked``.
    reasons
        Decisions per reason.
    models
        Per model, in the order of the zoo.
    history
        The course of it all in at most 256 points.
    """

    target: float
    decisions: int
    rated: int
    presumed: int
    presumed_satisfaction: float
    satisfaction_rate: float | None
    interval: tuple[float, float] | None
    backlog: float
    feasible: bool
    lower_bound: float | None
    exploration_share: float | None
    cost: float
    pending: int
    evicted: int
    featurizer_errors: int
    featurizer_timeouts: int
    state_errors: Mapping[str, int]
    reasons: Mapping[str, int]
    models: Mapping[str, ModelReport]
    history: tuple[Point, ...]


def build(counters: Mapping[str, Any], featurizer_errors: int, featurizer_timeouts: int) -> Report:
    """Turn the core's counters into a report."""
    rated, decisions = counters["rated"], counters["decisions"]
    models = {name: _model(model) for name, model in counters["models"].items()}
    reasons: Counter[str] = Counter()
    for model in models.values():
        reasons.update(model.reasons)
    accounted = rated + counters["presumed"]
    return Report(
        target=counters["target"],
        decisions=decisions,
        rated=rated,
        presumed=counters["presumed"],
        presumed_satisfaction=counters["presumed_satisfaction"],
        satisfaction_rate=_ratio(counters["satisfaction"], rated),
        interval=satisfaction_interval(rated, counters["satisfaction"], counters["spread"]),
        backlog=counters["backlog"],
        feasible=counters["feasible"],
        lower_bound=counters["target"] - counters["backlog"] / accounted if accounted else None,
        exploration_share=_ratio(reasons["explore"], decisions),
        cost=sum(model.cost for model in models.values()),
        pending=counters["pending"],
        evicted=counters["evicted"],
        featurizer_errors=featurizer_errors,
        featurizer_timeouts=featurizer_timeouts,
        state_errors=counters["state_errors"],
        reasons=dict(reasons),
        models=models,
        history=tuple(Point(*point) for point in counters["history"]),
    )


def _model(counters: Mapping[str, Any]) -> ModelReport:
    return ModelReport(
        selected=counters["selected"],
        reasons=counters["reasons"],
        predicted_rate=_ratio(counters["predicted"], counters["selected"]),
        also_queried=counters["also_queried"],
        failed=counters["failed"],
        rated=counters["rated"],
        satisfaction_rate=_ratio(counters["satisfaction"], counters["rated"]),
        billed=counters["billed"],
        cost=counters["cost"],
        timed=counters["timed"],
        mean_latency=_ratio(counters["latency"], counters["timed"]),
    )


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None

"""What a router has done so far, and what follows from it with certainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ModelReport:
    """One model's part.

    Attributes
    ----------
    selected
        Requests it was chosen to serve.
    also_queried
        Requests on which it was queried for learning only.
    rated, satisfaction_rate
        Ratings of its answers and their mean; None without ratings.
    billed, cost
        Bills of its calls and their sum, in the unit of the zoo.
    mean_latency
        Mean reported latency in seconds; None without any.
    """

    selected: int
    also_queried: int
    rated: int
    satisfaction_rate: float | None
    billed: int
    cost: float
    mean_latency: float | None


@dataclass(frozen=True)
class Report:
    """A router's account since it was made.

    Attributes
    ----------
    target
        The agreed satisfaction rate alpha.
    decisions, rated
        Requests decided, and requests whose satisfaction is known (T).
    satisfaction_rate
        Mean satisfaction of the rated requests; None without ratings.
    backlog
        The virtual queue Q: satisfaction owed, in rated requests; below zero where credit counts.
    feasible
        Whether the target seems within reach. False once no price of satisfaction buys enough and
        the best model for each request is expected to stay below the target; the most satisfying
        models then serve. The paper's policy cannot tell and says True.
    lower_bound
        ``target - Q / T``: the satisfaction rate is at least this, with certainty; None without
        ratings.
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
    """

    target: float
    decisions: int
    rated: int
    satisfaction_rate: float | None
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


def build(counters: Mapping[str, Any], featurizer_errors: int, featurizer_timeouts: int) -> Report:
    """Turn the core's counters into a report."""
    rated, decisions = counters["rated"], counters["decisions"]
    models = {name: _model(model) for name, model in counters["models"].items()}
    return Report(
        target=counters["target"],
        decisions=decisions,
        rated=rated,
        satisfaction_rate=_ratio(counters["satisfaction"], rated),
        backlog=counters["backlog"],
        feasible=counters["feasible"],
        lower_bound=counters["target"] - counters["backlog"] / rated if rated else None,
        exploration_share=_ratio(counters["reasons"]["explore"], decisions),
        cost=sum(model.cost for model in models.values()),
        pending=counters["pending"],
        evicted=counters["evicted"],
        featurizer_errors=featurizer_errors,
        featurizer_timeouts=featurizer_timeouts,
        state_errors=counters["state_errors"],
        reasons=counters["reasons"],
        models=models,
    )


def _model(counters: Mapping[str, Any]) -> ModelReport:
    return ModelReport(
        selected=counters["selected"],
        also_queried=counters["also_queried"],
        rated=counters["rated"],
        satisfaction_rate=_ratio(counters["satisfaction"], counters["rated"]),
        billed=counters["billed"],
        cost=counters["cost"],
        mean_latency=_ratio(counters["latency"], counters["timed"]),
    )


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None

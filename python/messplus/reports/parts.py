"""The parts of a report: models, service levels, limits, sources, durations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class ModelReport:
    """One model's part.

    Attributes
    ----------
    removed
        Whether it has left the zoo.
    selected
        Requests it was chosen to serve.
    reasons
        Those requests per reason.
    predicted_rate
        Mean over them of the predicted probability of satisfaction; None without any.
    also_queried
        Requests on which it was queried for learning only.
    predicted_rate_overall, expected_cost_overall
        Means over all requests, whichever model served them, of the predicted probability of
        satisfaction and of the expected cost; None without any.
    failed
        Calls reported by :meth:`Router.failed`.
    drifts
        Times its ratings or costs were found to drift from what was predicted; the default policy
        then forgets most of what it had learned about it.
    cost_anomalies
        Reported costs that were zero, of a model that costs something, or more than twenty times
        off and beyond chance. The default policy learns nothing from zeros, and from the others
        with care, for this model alone.
    rated, satisfaction_rate
        Ratings of its answers and their mean; None without ratings.
    costed, cost
        Calls whose cost was reported, and the sum of their costs in the unit of the zoo.
    timed, mean_latency
        Reported latencies and their mean in seconds; None without any.
    """

    removed: bool
    selected: int
    reasons: Mapping[str, int]
    predicted_rate: float | None
    predicted_rate_overall: float | None
    expected_cost_overall: float | None
    also_queried: int
    failed: int
    drifts: int
    cost_anomalies: int
    rated: int
    satisfaction_rate: float | None
    costed: int
    cost: float
    timed: int
    mean_latency: float | None


class Durations(NamedTuple):
    """How long something took: counts per size, and their sum.

    Attributes
    ----------
    bounds
        Upper bounds in seconds, ascending.
    counts
        Durations up to each bound and above the one before; one more for those above the last.
    seconds
        Sum of all.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    seconds: float


class Point(NamedTuple):
    """Totals after some number of accounted requests, and the calls with a cost until then."""

    accounted: int
    satisfaction: float
    backlog: float
    costed: int
    cost: float


Status = Literal["out_of_reach", "unrated", "behind", "learning", "holding"]


class AuditReport(NamedTuple):
    """The satisfaction of all requests, from those that were rated in any case.

    Attributes
    ----------
    estimate
        Mean of what was predicted of all requests, corrected by what audits found beyond it.
    interval
        95 % confidence interval around it, valid whenever one looks and whoever else rates. It
        assumes that audited requests are rated whatever the answer was.
    decided, audited, rated
        Requests since audits began, those picked, and those of them that were rated.
    """

    estimate: float
    interval: tuple[float, float]
    decided: int
    audited: int
    rated: int


class SourceReport(NamedTuple):
    """What is known of a source of ratings that may err.

    Attributes
    ----------
    compared
        Its ratings of answers whose true rating is known.
    true_positive, false_positive
        Its rates of high ratings for satisfied and for unsatisfied users, as believed.
    """

    compared: float
    true_positive: float
    false_positive: float


@dataclass(frozen=True)
class PeriodReport:
    """An accounting period of a service level that has ended.

    Attributes
    ----------
    target
        The target alpha it was held to.
    decisions, rated, imputed, satisfaction_rate, lower_bound, cost
        As in :class:`SLAReport`, at its end.
    """

    target: float
    decisions: int
    rated: int
    imputed: int
    satisfaction_rate: float | None
    lower_bound: float | None
    cost: float


@dataclass(frozen=True)
class SLAReport:
    """One service level's part.

    Attributes
    ----------
    target
        The agreed satisfaction rate alpha; zero where none was agreed.
    decisions, rated
        Requests decided, and requests whose satisfaction is known (T).
    imputed, imputed_satisfaction
        Requests never rated that count all the same (``missing``), and the sum of the satisfaction
        imputed to them.
    satisfaction_rate
        Mean satisfaction of the rated requests; None without ratings.
    interval
        Anytime-valid 95 % confidence interval for the true rate of the rated requests; None without
        ratings. See :func:`messplus.reports.confidence.satisfaction_interval`.
    backlog
        The virtual queue Q: satisfaction owed, in rated requests; below zero where credit counts.
    lower_bound
        ``target - Q / T``: the satisfaction rate is at least this, with certainty; None without
        ratings. Imputed requests are included in rate, Q and T.
    feasible
        Whether the target seems within reach. False once no price of satisfaction buys enough, and
        the best model for each request is expected to stay below the target or another target or
        limit pulls as hard; what comes nearest then serves. The paper's policy cannot tell and says
        True.
    status
        ``out_of_reach`` where it is not feasible; ``unrated`` where the last hundred requests or
        more brought no rating, so that nothing is known of the satisfaction now; ``behind`` where
        the interval of the estimate lies under the target, or the backlog is more than chance;
        ``learning`` before 50 ratings; else ``holding``.
    audit
        What audits tell of all its requests, rated or not; None without audits.
    judged, volunteered
        Ratings by other sources than the one it speaks of; and, with audits, by that one of
        requests that were not audited. Evidence for the predictions, and no part of the bound.
    set_aside
        Ratings that count for nothing, because one ``rater`` gave too many.
    price_capped
        Requests decided at the highest price of satisfaction there may be: ``max_price``, or the
        policy's own cap where that is lower. Where they are many, the target may be missed by it.
    cost
        Sum of the reported costs of its requests.
    history
        Totals over time, in at most 256 points.
    since
        Requests decided, of all levels, before its accounting period: that begins anew where the
        target, the source or the share of audits changes (:meth:`messplus.Router.amend`). All
        figures above are of this period.
    closed
        The periods before it, oldest first, at most 32.
    """

    target: float
    decisions: int
    rated: int
    imputed: int
    imputed_satisfaction: float
    satisfaction_rate: float | None
    interval: tuple[float, float] | None
    backlog: float
    lower_bound: float | None
    feasible: bool
    status: Status
    audit: AuditReport | None
    judged: int
    volunteered: int
    set_aside: int
    price_capped: int
    cost: float
    history: tuple[Point, ...]
    since: int
    closed: tuple[PeriodReport, ...]


@dataclass(frozen=True)
class LimitReport:
    """One limit's part.

    Attributes
    ----------
    limit
        The agreed bound on the mean per call.
    calls, mean
        Calls whose usage is known (T), and their mean; None without any.
    backlog
        The virtual queue Q: usage beyond the limit, in calls at the limit; below zero where credit
        counts.
    upper_bound
        ``limit (1 + Q / T)``: the mean is at most this, with certainty; None without calls.
    feasible
        As for a service level.
    """

    limit: float
    calls: int
    mean: float | None
    backlog: float
    upper_bound: float | None
    feasible: bool


@dataclass(frozen=True)
class CapReport:
    """What caps on the expected cost of requests did, the router's and the requests' own.

    Attributes
    ----------
    router
        The most that any request may be expected to cost; None without a cap.
    narrowed
        Requests on which some models that could have served were left out, and others served.
    unaffordable
        Requests on which all were beyond the cap, and the cheapest served.
    """

    router: float | None
    narrowed: int
    unaffordable: int


@dataclass(frozen=True)
class RandomisationReport:
    """The price of ``epsilon``, as far as predictions tell.

    Attributes
    ----------
    epsilon
        Share of the requests that a model drawn uniformly serves.
    requests
        Requests that were served by another model than the router's choice.
    cost
        Their expected cost beyond that of the choices, summed up; below zero where cheaper models
        were drawn.
    satisfaction
        Their predicted satisfaction beyond that of the choices, summed up, in requests.
    """

    epsilon: float
    requests: int
    cost: float
    satisfaction: float


@dataclass(frozen=True)
class SpanSLA:
    """One service level's part of a span of time.

    Attributes
    ----------
    decisions
        Requests decided in the span, less decisions taken back in it.
    rated, satisfaction_rate
        Ratings that came in the span and count for the level, and their mean; None without any.
    target
        Mean of the targets that held when they came; None without any.
    interval
        Wilson's 95 % interval for the true rate of the rated requests, for a span that was chosen
        beforehand and looked at once; None without ratings.
    costed, cost
        Calls whose cost was reported in the span, and the sum of these costs.
    """

    decisions: int
    rated: int
    satisfaction_rate: float | None
    target: float | None
    interval: tuple[float, float] | None
    costed: int
    cost: float


@dataclass(frozen=True)
class SpanModel:
    """One model's part of a span of time.

    Attributes
    ----------
    selected
        Requests it was chosen for, less decisions taken back.
    failed
        Calls that failed.
    rated, satisfaction_rate
        Ratings of its answers and their mean; None without ratings.
    costed, cost
        Calls whose cost was reported, and the sum of their costs.
    """

    selected: int
    failed: int
    rated: int
    satisfaction_rate: float | None
    costed: int
    cost: float

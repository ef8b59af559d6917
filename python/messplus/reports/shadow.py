"""What the router would have done in shadow mode."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from messplus._core import EstimateSums, ShadowCounters

_SDS_OF_95_PERCENT = 1.959964


class ShadowEstimate(NamedTuple):
    """What the router's choices would have brought per request.

    Attributes
    ----------
    served
        Mean of what came of the models that served.
    estimate
        Doubly robust estimate of the mean for the router's choices: what was predicted of them,
        corrected by what came of them where they served, weighted by their propensities.
    interval
        Large-sample 95 % confidence interval, for one look: 1.96 standard errors. It is to be
        trusted where ``identified`` is one and the router's choices have served dozens of times.
    predicted
        The mean predicted, without correction.
    requests
        Requests whose outcome is known.
    identified
        Share of them on which the router's choice might have served. On the others the estimate is
        the prediction, and no interval covers its error.
    """

    served: float
    estimate: float
    interval: tuple[float, float]
    predicted: float
    requests: int
    identified: float


@dataclass(frozen=True)
class ShadowReport:
    """What the router would have done in shadow mode.

    Attributes
    ----------
    decisions, agreed
        Requests in shadow mode, and the share on which the model that served was the router's
        choice; None without any.
    satisfaction, cost
        Estimates over the rated requests and over the calls with a reported cost; None without any.
    """

    decisions: int
    agreed: float | None
    satisfaction: ShadowEstimate | None
    cost: ShadowEstimate | None


def build(counters: ShadowCounters) -> ShadowReport | None:
    """Turn the core's counters into a report; None where the router was never in shadow mode."""
    decisions = counters["decided"]
    if not decisions:
        return None
    return ShadowReport(
        decisions=decisions,
        agreed=counters["agreed"] / decisions,
        satisfaction=_estimate(counters["satisfaction"]),
        cost=_estimate(counters["cost"]),
    )


def _estimate(sums: EstimateSums) -> ShadowEstimate | None:
    """Turn sums into means: the doubly robust estimate, and 1.96 standard errors of it.

    The core sums, per request, the prediction for the router's choice plus, where that choice
    served, its error over the propensity (Dudik, Langford and Li, ICML 2011, eq. 1).
    """
    n = sums["n"]
    if n == 0:
        return None
    mean = sums["value"] / n
    variance = max(sums["square"] / n - mean * mean, 0.0) * n / max(n - 1, 1)
    radius = _SDS_OF_95_PERCENT * sqrt(variance / n)
    return ShadowEstimate(
        served=sums["served"] / n,
        estimate=mean,
        interval=(mean - radius, mean + radius),
        predicted=sums["predicted"] / n,
        requests=n,
        identified=sums["identified"] / n,
    )

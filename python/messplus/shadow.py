"""Shadow mode: a fixed model serves while the router shows what it would have done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from .exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SDS_OF_95_PERCENT = 1.959964


@dataclass(frozen=True)
class Shadow:
    """Who serves while the router only watches.

    Parameters
    ----------
    model
        The model that serves. Where it may not (``allowed``, or a call of it failed), the router's
        choice does.
    explore
        Share of requests that go to a model drawn uniformly from the allowed ones, in ``[0, 1]``.
        Without any, nothing is observed of the router's choice where it is another model.
    """

    model: str
    explore: float = 0.0


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
        Estimates over the rated requests and over the billed calls; None without any.
    """

    decisions: int
    agreed: float | None
    satisfaction: ShadowEstimate | None
    cost: ShadowEstimate | None


def build(counters: Mapping[str, Any]) -> ShadowReport | None:
    """Turn the core's counters into a report; None where the router was never in shadow mode."""
    decisions = counters["decided"]
    if not decisions:
        return None
    return ShadowReport(
        decisions=decisions,
        agreed=counters["agreed"] / decisions,
        satisfaction=_estimate(*counters["satisfaction"]),
        cost=_estimate(*counters["cost"]),
    )


def _estimate(
    n: int, identified: int, value: float, square: float, predicted: float, served: float
) -> ShadowEstimate | None:
    if n == 0:
        return None
    mean = value / n
    variance = max(square / n - mean * mean, 0.0) * n / max(n - 1, 1)
    radius = _SDS_OF_95_PERCENT * sqrt(variance / n)
    return ShadowEstimate(
        served=served / n,
        estimate=mean,
        interval=(mean - radius, mean + radius),
        predicted=predicted / n,
        requests=n,
        identified=identified / n,
    )


def checked(shadow: str | Shadow | None, native: str) -> tuple[str, float] | None:
    """Check who serves against the settings of a router, as the core writes them.

    Raises
    ------
    ConfigError
        If the model is not in the zoo, the share is out of range, or the router has limits.
    """
    if shadow is None:
        return None
    if isinstance(shadow, str):
        shadow = Shadow(shadow)
    if not isinstance(shadow, Shadow):
        raise ConfigError(f"shadow: must be a model's name or a Shadow, got {shadow!r}")
    settings = json.loads(native)
    names = [model["name"] for model in settings["models"] if not model["retired"]]
    if shadow.model not in names:
        raise ConfigError(f"shadow: must name a model of the zoo, got {shadow.model!r}")
    number = isinstance(shadow.explore, (int, float)) and not isinstance(shadow.explore, bool)
    if not number or not 0.0 <= shadow.explore <= 1.0:
        raise ConfigError(f"shadow.explore: must be in [0, 1], got {shadow.explore!r}")
    if limits := settings["agreement"]["limits"]:
        raise ConfigError(f"shadow: must not be combined with limits, got {len(limits)}")
    return shadow.model, float(shadow.explore)

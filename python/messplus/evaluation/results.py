"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .intervals import Interval

#: How an estimate came about: the log's own answers, an estimator, or simulated learning.
Kind = Literal["logged", "fixed", "learning"]


@dataclass(frozen=True)
class PolicyEstimate:
    """One policy at one target.

    Attributes
    ----------
    policy
        Its name.
    target
        The satisfaction rate it was to hold; None where it has none.
    kind
        ``logged``: what was done. ``fixed``: the doubly robust estimate of the expected outcome of
        a request like those of the log. ``learning``: the mean of simulated runs over as many
        requests as the log has; the interval is that of one run, its luck included.
    satisfaction, cost
        Means per request with 95 % intervals. Where the log cannot answer there is no estimate, and
        the interval of satisfaction, if any, is what no data could rule out.
    ratings
        Effective number of ratings behind it.
    share
        Share of the requests by model.
    estimators
        Satisfaction and cost by every estimator, for fixed policies.
    warnings
        Why the log cannot answer; empty where it can.
    """

    policy: str
    target: float | None
    kind: Kind
    satisfaction: Interval
    cost: Interval
    ratings: float
    share: Mapping[str, float]
    estimators: Mapping[str, Mapping[str, Interval]]
    warnings: Sequence[str]

    @property
    def warned(self) -> bool:
        """Whether the log cannot answer."""
        return bool(self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, with figures to twelve digits.

        Digits beyond depend on where arrays lie in memory: products of matrices are summed in an
        order that does.
        """
        found = {
            "policy": self.policy,
            "target": self.target,
            "kind": self.kind,
            "satisfaction": self.satisfaction._asdict(),
            "cost": self.cost._asdict(),
            "ess": self.ratings,
            "warned": self.warned,
            "warnings": list(self.warnings),
            "share": dict(self.share),
            "estimators": {
                name: {outcome: found._asdict() for outcome, found in of.items()}
                for name, of in self.estimators.items()
            },
        }
        return {key: _to_twelve_digits(value) for key, value in found.items()}


def _to_twelve_digits(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: _to_twelve_digits(held) for key, held in value.items()}
    return value


@dataclass(frozen=True)
class ModelOverlap:
    """What a log has of one model.

    Attributes
    ----------
    model
        Its name.
    requests, rated
        Requests that it served, and those of them with a trusted rating.
    supported
        Share of all requests of which like ones were sent to it.
    """

    model: str
    requests: int
    rated: int
    supported: float


@dataclass(frozen=True)
class Evaluation:
    """Estimates from one log.

    Attributes
    ----------
    log
        Its name.
    requests, rated
        Requests, and those with a trusted rating.
    propensities
        ``logged``, or ``estimated`` from what requests the models served.
    sources
        Mean and number of ratings by source.
    trusted
        Sources whose ratings count; none where the log names no sources.
    models
        What the log has of each model.
    rows
        One estimate per policy and target, what was done leading.
    """

    log: str
    requests: int
    rated: int
    propensities: Literal["logged", "estimated"]
    sources: Mapping[str, tuple[float, int]]
    trusted: Sequence[str]
    models: Sequence[ModelOverlap]
    rows: Sequence[PolicyEstimate]

    @property
    def warned(self) -> bool:
        """Whether the log cannot answer part of what was asked."""
        return any(row.warned for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form: fields are added, never changed."""
        return {
            "log": {
                "name": self.log,
                "requests": self.requests,
                "rated": self.rated,
                "propensities": self.propensities,
                "sources": {
                    name: {"satisfaction": mean, "ratings": n}
                    for name, (mean, n) in self.sources.items()
                },
                "trusted": list(self.trusted),
                "models": [
                    {
                        "model": one.model,
                        "requests": one.requests,
                        "rated": one.rated,
                        "supported": one.supported,
                    }
                    for one in self.models
                ],
            },
            "rows": [row.to_dict() for row in self.rows],
        }

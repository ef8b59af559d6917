"""Whether a log can answer: requests like these must have gone where a policy sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .estimators import effective_size
from .intervals import Interval, of_few, standard_error

if TYPE_CHECKING:
    from .estimators import Outcome
    from .heads import Array
    from .nuisances import Nuisances
    from .request_log import RequestLog

# Effective ratings below which an interval says more than is known, and the share of requests that
# may be judged by others.
LEAST_RATINGS = 30
MOST_UNSUPPORTED = 0.05


@dataclass(frozen=True)
class Overlap:
    """What a log knows of the choices of a policy.

    Attributes
    ----------
    ratings
        Effective number of ratings of these choices.
    unsupported
        Share of the requests on which the log has nothing alike with the model chosen.
    warnings
        Why the log cannot answer; empty where it can.
    """

    ratings: float
    unsupported: float
    warnings: tuple[str, ...]

    def bounds(self, satisfaction: Outcome, policy: Array) -> Interval:
        """Say what no data could rule out of a satisfaction that is not identified."""
        weights = satisfaction.weights(policy)
        known = 1.0 - self.unsupported
        total = float(weights.sum())
        mean = (
            float((weights * np.nan_to_num(satisfaction.observed)).sum()) / total if total else 0.5
        )
        _, low, high = of_few(mean, self.ratings)
        return Interval(None, known * (low or 0.0), known * (high or 0.0) + self.unsupported)


def examine(log: RequestLog, nuisances: Nuisances, satisfaction: Outcome, policy: Array) -> Overlap:
    """Diagnose a policy, ``[n, M]`` probabilities, against a log."""
    ratings = effective_size(satisfaction.weights(policy))
    missing = policy * ~nuisances.supported
    unsupported = float(missing.sum(axis=1).mean())
    chosen = policy[np.arange(len(log)), log.model] / nuisances.propensity
    # Importance weights have mean one wherever the policy could have been followed.
    lack = 1.0 - float(chosen.mean())
    if lack > 2.0 * standard_error(chosen):
        unsupported = max(unsupported, lack)
    warnings = []
    if unsupported > MOST_UNSUPPORTED:
        warnings.append(_sentence(log, missing, unsupported))
    if ratings < LEAST_RATINGS:
        warnings.append(
            f"its choices have {ratings:.0f} effective ratings, {LEAST_RATINGS} are needed"
        )
    return Overlap(ratings, unsupported, tuple(warnings))


def _sentence(log: RequestLog, missing: Array, unsupported: float) -> str:
    by_model = missing.mean(axis=0)
    worst = int(by_model.argmax())
    if by_model[worst] > 0.0:
        return (
            f"no request like {by_model[worst]:.0%} of these ever went to {log.models[worst]!r}, "
            "which it would have called"
        )
    return f"on {unsupported:.0%} of the requests its choice had no chance of being called"

"""Estimates of what a fixed policy would have brought, from answers of other policies.

With q the predicted outcome of model m, y the outcome of the model a that served, and w = 1 /
(propensity x rate) its weight, known for a share of the requests (Dudik, Langford and Li, Doubly
robust policy evaluation and learning, ICML 2011):

=============  ====================================================================
direct         ``q_m``
snips          ``[a = m] w y / mean([a = m] w)``, w clipped (Swaminathan and Joachims, The
               self-normalized estimator for counterfactual learning, NIPS 2015)
doubly robust  ``q_m + [a = m] w (y - q_m)``
switch         doubly robust where w is moderate, direct elsewhere (Wang, Agarwal and Dudik, Optimal
               and adaptive off-policy evaluation in contextual bandits, ICML 2017)
=============  ====================================================================

The doubly robust one is what is reported first: it is right if either the predictions or the
weights are, and precise if the predictions are good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import intervals
from .intervals import Interval

if TYPE_CHECKING:
    import numpy.typing as npt

    from .heads import Array

#: Estimators by name, the one reported first leading.
ESTIMATORS = ("doubly robust", "switch", "snips", "direct")
# Quantiles of the weights at which the switch may be thrown.
_SWITCHES = (0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Outcome:
    """One outcome of every request, as far as it is known.

    Attributes
    ----------
    predicted
        Prediction for every model, ``[n, M]``.
    observed
        Outcome of the model that served, ``[n]``; NaN where unknown.
    weight
        One over the probability with which this model served and its outcome is known, ``[n]``.
    model
        The model that served, ``[n]``.
    sessions
        See :class:`~messplus.evaluation.request_log.RequestLog`.
    """

    predicted: Array
    observed: Array
    weight: Array
    model: npt.NDArray[np.intp]
    sessions: npt.NDArray[np.intp] | None

    def scores(self) -> Array:
        """Give the doubly robust scores of every model, ``[n, M]``: their mean is its value."""
        correction = self.weight * np.nan_to_num(self.observed - self._of_served())
        return self.predicted + correction[:, None] * np.eye(self.predicted.shape[1])[self.model]

    def weights(self, policy: Array) -> Array:
        """Importance weights of the known outcomes under a policy ``[n, M]``, else 0, ``[n]``."""
        chosen = policy[np.arange(len(self.model)), self.model]
        return np.where(np.isnan(self.observed), 0.0, chosen * self.weight)

    def estimate(self, policy: Array) -> dict[str, Interval]:
        """Estimate the mean outcome of a policy, ``[n, M]`` probabilities, in every way."""
        weights = self.weights(policy)
        direct = (policy * self.predicted).sum(axis=1)
        errors = np.nan_to_num(self.observed - self._of_served())
        sample = effective_size(weights)
        robust = direct + weights * errors
        moderate = _moderate(weights, direct, errors)
        return {
            "doubly robust": intervals.of_mean(robust, self.sessions, sample),
            "switch": intervals.of_mean(
                direct + np.where(moderate, weights, 0.0) * errors, self.sessions, sample
            ),
            "snips": self._self_normalised(weights, sample),
            # Its error is that of the predictions, of which their spread says nothing.
            "direct": Interval(float(direct.mean()), None, None),
        }

    def _self_normalised(self, weights: Array, sample: float) -> Interval:
        if not weights.any():
            return Interval(None, None, None)
        # Weights beyond the root of the requests say more of luck than of the policy.
        clipped = np.minimum(weights, np.sqrt(len(weights)) * weights.mean())
        share = clipped / clipped.mean()
        mean = float((share * np.nan_to_num(self.observed)).mean())
        found = intervals.of_mean(
            share * np.nan_to_num(self.observed - mean), self.sessions, sample
        )
        radius = (found.high or 0.0) - (found.estimate or 0.0)
        return Interval(mean, mean - radius, mean + radius)

    def _of_served(self) -> Array:
        return np.asarray(self.predicted[np.arange(len(self.model)), self.model])


def effective_size(weights: Array) -> float:
    """Requests drawn from the policy itself that would tell as much: ``(sum w)^2 / sum w^2``."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def _moderate(weights: Array, direct: Array, errors: Array) -> npt.NDArray[np.bool_]:
    """Choose below which weights to correct: where variance and squared worst bias are least."""
    n = len(weights)
    positive = weights[weights > 0.0]
    best, least = weights >= 0.0, np.inf
    worst = float(np.abs(errors).max()) if len(errors) else 0.0
    for quantile in _SWITCHES:
        threshold = float(np.quantile(positive, quantile)) if len(positive) else 0.0
        kept = weights <= threshold
        variance = float((direct + np.where(kept, weights, 0.0) * errors).var()) / n
        # A share of the policy's choices, whatever a single large weight makes of it.
        bias = worst * min(float(np.where(kept, 0.0, weights).mean()), 1.0)
        if variance + bias * bias < least:
            best, least = kept, variance + bias * bias
    return best

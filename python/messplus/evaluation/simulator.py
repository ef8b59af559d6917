"""A stand-in for the world: outcomes of every model on every request, drawn as a log suggests them.

What is not known is drawn anew for every world, so that the spread over worlds is what the log
leaves open:

- the mean outcome of each model, from its doubly robust estimate and its covariance;
- how outcomes depend on the request, from the posterior of the heads;
- single outcomes: a coin of these odds, a beta distribution where ratings are graded; costs with
  the residual of another call of the model;
- the requests themselves, with replacement, in the order of the log.

Answers that the log has stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .heads import Array, sigmoid, with_constant

if TYPE_CHECKING:
    import numpy.typing as npt

    from .estimators import Outcome
    from .nuisances import Nuisances
    from .request_log import RequestLog

_CERTAIN = 5e-3  # means this near to zero or one are no further apart
_LEAST_COST_SHARE = 0.05  # of its estimate that a drawn mean cost may come down to
_NEWTON_STEPS = 30
# Ratings that vary nearly as coins do are coins.
_COIN = 0.95


@dataclass(frozen=True)
class World:
    """Outcomes of M models on n requests.

    Attributes
    ----------
    scores, costs
        Satisfaction and cost, ``float64 [n, M]``.
    order
        Row of the t-th request, ``uint32 [n]``.
    rated
        Whether it gets rated, ``bool [n]``.
    """

    scores: Array
    costs: Array
    order: npt.NDArray[np.uint32]
    rated: npt.NDArray[np.bool_]


class Simulator:
    """Draws worlds.

    Parameters
    ----------
    log
        The log.
    nuisances
        What was fitted to it.
    satisfaction, cost
        Outcomes as estimators see them.
    """

    def __init__(
        self, log: RequestLog, nuisances: Nuisances, satisfaction: Outcome, cost: Outcome
    ) -> None:
        self._log = log
        self._nuisances = nuisances
        self._inputs = with_constant(log.features)
        self._satisfaction = _mean_and_covariance(satisfaction.scores())
        self._cost = _mean_and_covariance(cost.scores())

    def draw(self, rng: np.random.Generator) -> World:
        """Draw one world."""
        log, n = self._log, len(self._log)
        scores, costs = self._scores(rng), self._costs(rng)
        rated, costed = log.rated, ~np.isnan(log.cost)
        scores[rated, log.model[rated]] = log.satisfied[rated]
        costs[costed, log.model[costed]] = log.cost[costed]
        order = np.sort(rng.integers(0, n, n)).astype(np.uint32)
        return World(scores, costs, order, rng.random(n) < rated.mean())

    def _scores(self, rng: np.random.Generator) -> Array:
        heads, dispersion = self._nuisances.heads, self._nuisances.dispersion
        mean = rng.multivariate_normal(*self._satisfaction)
        p = _with_mean(heads.predict(self._inputs, heads.draw(rng)), mean)
        if dispersion > _COIN:
            return (rng.random(p.shape) < p).astype(np.float64)
        size = 1.0 / dispersion - 1.0
        return rng.beta(np.maximum(size * p, 1e-3), np.maximum(size * (1.0 - p), 1e-3))

    def _costs(self, rng: np.random.Generator) -> Array:
        heads = self._nuisances.cost_heads
        mean = rng.multivariate_normal(*self._cost)
        mean = np.maximum(mean, _LEAST_COST_SHARE * np.maximum(self._cost[0], 0.0))
        logs = heads.predict(self._inputs, heads.draw(rng))
        for m, residuals in enumerate(self._nuisances.residuals):
            logs[:, m] += rng.choice(residuals, len(logs))
        costs = np.exp(logs - logs.max(axis=0))
        return np.asarray(costs * (mean / costs.mean(axis=0)))


def _mean_and_covariance(scores: Array) -> tuple[Array, Array]:
    return scores.mean(axis=0), np.cov(scores.T) / len(scores)


def _with_mean(log_odds: Array, mean: Array) -> Array:
    """Shift log odds ``[n, M]`` until the mean probabilities are these, ``[M]``."""
    mean = np.clip(mean, _CERTAIN, 1.0 - _CERTAIN)
    shift = np.zeros(len(mean))
    for _ in range(_NEWTON_STEPS):
        p = sigmoid(log_odds + shift)
        error = (p.mean(axis=0) - mean) / np.maximum((p * (1.0 - p)).mean(axis=0), 1e-6)
        shift -= np.clip(error, -1.0, 1.0)
        if np.abs(error).max() < 1e-5:
            break
    return sigmoid(log_odds + shift)

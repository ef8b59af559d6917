"""What a target costs with hindsight: four bounds that put a router's cost into proportion."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from messplus.reports.mixture import Frontier, Mix, best_single, cheapest_mix, convex

from .ridge import cross_validated
from .tables import Table

Array = npt.NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True)
class Bounds:
    """Mean cost per request of four ways to meet the target; ``None`` where it cannot be met.

    Attributes
    ----------
    best_single
        Cheapest model whose mean satisfaction meets the target.
    static_mix
        Cheapest mixture of models chosen blindly per request.
    contextual_hindsight
        Best policy ``argmin_m E_hat - lambda s_hat`` with cross-validated predictions from the
        prompt and ``lambda`` chosen in hindsight.
    clairvoyant
        The linear programme with the true outcomes: nobody can beat it.
    rows
        Rows they are computed over: those where every model has a score.
    best_model
        Index of the model behind ``best_single``.
    mix
        The mixture behind ``static_mix``.
    """

    best_single: float | None
    static_mix: float | None
    contextual_hindsight: float | None
    clairvoyant: float | None
    rows: int
    best_model: int | None
    mix: Mix | None


class Hindsight:
    """The bounds of one table, for any number of targets.

    Parameters
    ----------
    table
        Outcomes; rows where a model has no score are left out.
    features
        Features of the prompts, ``float32 [n, k]``, one row per row of the table.
    """

    def __init__(self, table: Table, features: npt.NDArray[np.float32]) -> None:
        rows = table.complete
        scores, costs = table.scores[rows], table.costs[rows]
        self.rows = len(scores)
        if self.rows:
            self._models = Frontier(scores.mean(axis=0), costs.mean(axis=0))
            self._clairvoyant = convex(frontier(scores, costs, scores, costs))
        if self.rows >= 2 * FOLDS:
            # Log cost, because costs are skewed; a free model's zero needs a floor.
            floor = max(float(costs.max()) * 1e-9, 1e-300)
            x = features[rows]
            log_cost = np.log(np.maximum(costs, floor))
            outcomes = np.hstack([scores, log_cost])
            p_satisfied, predicted = np.hsplit(cross_validated(x, outcomes, FOLDS), 2)
            # The mean of a log-normal variable exceeds its median.
            expected = np.exp(predicted + 0.5 * (log_cost - predicted).var(axis=0))
            self._contextual = convex(frontier(p_satisfied, expected, scores, costs))

    def at(self, target: float) -> Bounds:
        """Compute the bounds of one target.

        Parameters
        ----------
        target
            The satisfaction rate, in (0, 1].

        Returns
        -------
        Bounds
            The bounds.
        """
        if not self.rows:
            return Bounds(None, None, None, None, 0, None, None)
        best = best_single(self._models, target)
        mix = cheapest_mix(self._models, target)
        contextual = cheapest_mix(self._contextual, target) if self.rows >= 2 * FOLDS else None
        clairvoyant = cheapest_mix(self._clairvoyant, target)
        return Bounds(
            best_single=None if best is None else float(self._models.cost[best]),
            static_mix=None if mix is None else mix.cost,
            contextual_hindsight=None if contextual is None else contextual.cost,
            clairvoyant=None if clairvoyant is None else clairvoyant.cost,
            rows=self.rows,
            best_model=best,
            mix=mix,
        )


def frontier(p_satisfied: Array, expected_cost: Array, scores: Array, costs: Array) -> Frontier:
    """Follow ``argmin_m expected_cost - lambda p_satisfied`` as ``lambda`` grows from 0.

    Every row passes the vertices of its own lower convex hull in order; the changes of all rows,
    sorted by the ``lambda`` at which they happen, give the exact curve. With the true outcomes as
    predictions, its points and their mixtures solve the linear programme.

    Parameters
    ----------
    p_satisfied, expected_cost
        Predictions that choose the model, ``float64 [n, M]``.
    scores, costs
        Outcomes that are counted, ``float64 [n, M]``.

    Returns
    -------
    Frontier
        Mean satisfaction and mean cost at every vertex, in the order of ``lambda``.

    Notes
    -----
    For a fixed ``lambda`` the Lagrangian of the linear programme separates over rows, and its dual
    is piecewise linear in ``lambda``: what is followed here is that function's breakpoints.

    References
    ----------
    Everett, Generalized Lagrange multiplier method, Operations Research 11(3), 1963, main theorem.
    """
    n = len(scores)
    rows = np.arange(n)
    # Cheapest first; among equals the most satisfying.
    cheapest = expected_cost == expected_cost.min(axis=1, keepdims=True)
    current = np.where(cheapest, p_satisfied, -np.inf).argmax(axis=1)
    start = scores[rows, current].sum(), costs[rows, current].sum()
    steps: list[tuple[Array, Array, Array]] = []
    while len(rows):
        gain = p_satisfied[rows] - p_satisfied[rows, current][:, None]
        price = expected_cost[rows] - expected_cost[rows, current][:, None]
        slope = np.divide(price, gain, out=np.full_like(gain, np.inf), where=gain > 0)
        least = slope.min(axis=1)
        following = np.where(slope == least[:, None], gain, -np.inf).argmax(axis=1)
        moves = np.isfinite(least)
        rows, current, following = rows[moves], current[moves], following[moves]
        more_score = scores[rows, following] - scores[rows, current]
        more_cost = costs[rows, following] - costs[rows, current]
        steps.append((least[moves], more_score, more_cost))
        current = following
    at, more_score, more_cost = (np.concatenate(part) for part in zip(*steps, strict=True))
    order = np.argsort(at, kind="stable")
    satisfaction = start[0] + np.concatenate([[0.0], np.cumsum(more_score[order])])
    cost = start[1] + np.concatenate([[0.0], np.cumsum(more_cost[order])])
    return Frontier(satisfaction / n, cost / n)

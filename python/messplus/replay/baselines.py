"""Policies that look at nothing and learn nothing."""

import numpy as np
import numpy.typing as npt

from .tables import Table


def draw_models(
    weights: npt.NDArray[np.float64],
    table: Table,
    order: npt.NDArray[np.uint32],
    rng: np.random.Generator,
) -> npt.NDArray[np.intp]:
    """Draw a usable model per request with the given weights.

    Parameters
    ----------
    weights
        Probability of each model, ``float64 [M]``. Where some cannot be used the others share in
        proportion; where none of them can, the usable model of the highest mean score serves.
    table
        Outcomes.
    order
        Row of each request.
    rng
        Draws one number per request.

    Returns
    -------
    ndarray
        Index of the model that serves each request.
    """
    usable = ~np.isnan(table.scores[order])
    share = np.where(usable, weights, 0.0)
    stranded = share.sum(axis=1) == 0
    by_score = np.where(usable[stranded], table.mean_score, -np.inf)
    share[stranded, by_score.argmax(axis=1)] = 1.0
    cumulative = share.cumsum(axis=1)
    uniform = rng.random(len(order)) * cumulative[:, -1]
    return np.asarray((cumulative <= uniform[:, None]).sum(axis=1))


def backlog(
    satisfaction: npt.NDArray[np.float64], rated: npt.NDArray[np.bool_], target: float
) -> npt.NDArray[np.float64]:
    """Virtual queue after each request, ``Q_{t+1} = max(0, Q_t + target - s_t)`` where rated.

    Parameters
    ----------
    satisfaction
        Of each request, float64, shape ``(T,)``.
    rated
        Which requests are rated, bool, shape ``(T,)``.
    target
        The satisfaction rate to hold.

    Returns
    -------
    ndarray
        float64, shape ``(T,)``.

    References
    ----------
    MESS+, arXiv 2505.19947, algorithm 1; Neely, Stochastic Network Optimization, 2010, eq. 4.40.
    """
    # A reflected walk is the walk minus its lowest point so far, if that is below zero.
    walk = np.cumsum(np.where(rated, target - satisfaction, 0.0))
    return np.asarray(walk - np.minimum(np.minimum.accumulate(walk), 0.0))

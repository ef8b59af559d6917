"""Mixtures of options, each known by its mean satisfaction and mean cost."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frontier:
    """A family of policies, each of them on average.

    Attributes
    ----------
    satisfaction, cost
        Mean satisfaction and mean cost per request, float64, shape ``(n_policies,)``.
    """

    satisfaction: Array
    cost: Array


@dataclass(frozen=True)
class Mix:
    """The cheapest blind mixture of options that meets a target.

    Attributes
    ----------
    cost, satisfaction
        Means of the mixture.
    weights
        Share of each option; at most two are positive.
    """

    cost: float
    satisfaction: float
    weights: Array


def best_single(models: Frontier, target: float) -> int | None:
    """Index of the cheapest option whose satisfaction meets the target."""
    meets = np.flatnonzero(models.satisfaction >= target)
    return int(meets[np.argmin(models.cost[meets])]) if len(meets) else None


def cheapest_mix(options: Frontier, target: float) -> Mix | None:
    """Solve ``min w.cost`` over mixtures ``w`` with ``w.satisfaction >= target``.

    The solution lies on the lower convex hull of the points (satisfaction, cost), between two of
    its vertices; below the cheapest vertex it is that vertex alone.

    Parameters
    ----------
    options
        What is mixed.
    target
        Mean satisfaction of the mixture at least.

    Returns
    -------
    Mix or None
        The mixture; None where no option satisfies as much.

    Notes
    -----
    A linear programme with two constraints (``w`` sums to one, and the target) has an optimal basic
    solution with at most two positive weights: neighbours on the hull.

    References
    ----------
    Bertsimas and Tsitsiklis, Introduction to Linear Optimization, 1997, theorem 2.7.
    """
    hull = lower_hull(options)
    satisfaction, cost = options.satisfaction[hull], options.cost[hull]
    upper = int(np.searchsorted(satisfaction, target))
    if upper == len(hull):
        return None
    weights = np.zeros(len(options.cost))
    if upper == 0:
        weights[hull[0]] = 1.0
    else:
        lower = upper - 1
        share = (target - satisfaction[lower]) / (satisfaction[upper] - satisfaction[lower])
        weights[hull[lower]], weights[hull[upper]] = 1.0 - share, share
    mixed = weights[hull]
    return Mix(float(mixed @ cost), float(mixed @ satisfaction), weights)


def lower_hull(options: Frontier) -> npt.NDArray[np.intp]:
    """Find the options no mixture of others beats, from cheapest to most satisfying.

    Parameters
    ----------
    options
        Points (satisfaction, cost).

    Returns
    -------
    ndarray
        Their indices: the lower-left part of the convex hull.

    References
    ----------
    Andrew, Another efficient algorithm for convex hulls in two dimensions, 1979.
    """
    order = np.lexsort((-options.satisfaction, options.cost)).tolist()
    s, c = options.satisfaction.tolist(), options.cost.tolist()
    hull: list[int] = []
    for point in order:
        if hull and s[point] <= s[hull[-1]]:
            continue
        # The last vertex stays only where the slope grows after it.
        while len(hull) > 1 and (c[hull[-1]] - c[hull[-2]]) * (s[point] - s[hull[-1]]) >= (
            c[point] - c[hull[-1]]
        ) * (s[hull[-1]] - s[hull[-2]]):
            hull.pop()
        hull.append(point)
    return np.array(hull, dtype=np.intp)


def convex(options: Frontier) -> Frontier:
    """Keep only the options that mixtures need."""
    hull = lower_hull(options)
    return Frontier(options.satisfaction[hull], options.cost[hull])

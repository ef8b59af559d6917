"""Confidence intervals of means."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from .heads import Array

_Z = 1.959964  # 97.5 % of a normal distribution lie below


class Interval(NamedTuple):
    """A number and where it may lie instead, with 95 % confidence; None where nothing is said."""

    estimate: float | None
    low: float | None
    high: float | None


def of_mean(
    scores: Array, sessions: npt.NDArray[np.intp] | None = None, sample: float | None = None
) -> Interval:
    """Give the mean of scores and its large-sample interval.

    Parameters
    ----------
    scores
        One per request, ``[n]``.
    sessions
        Index of the conversation of each request, which may depend on each other, ``[n]``.
    sample
        Requests that the spread of the scores really rests on, where most scores say little.
    """
    mean = float(scores.mean())
    radius = t_quantile((len(scores) if sample is None else sample) - 1.0)
    radius *= standard_error(scores, sessions)
    return Interval(mean, mean - radius, mean + radius)


def standard_error(scores: Array, sessions: npt.NDArray[np.intp] | None = None) -> float:
    """Give the standard error of the mean of scores, which may depend within sessions."""
    rest = scores - scores.mean()
    if sessions is not None:
        rest = np.bincount(sessions, weights=rest)
    groups = len(rest)
    return sqrt(float((rest**2).sum()) * groups / max(groups - 1, 1)) / len(scores)


def of_draws(draws: Array, *, positive: bool = False) -> Interval:
    """Give the mean of draws, and an interval that a further draw falls into.

    Parameters
    ----------
    draws
        Independent draws, ``[B]``, at least two.
    positive
        Whether they are positive and skewed: the interval is then that of their logarithms.
    """
    n = len(draws)
    mean = float(draws.mean())
    logs = positive and bool((draws > 0).all())
    values = np.log(draws) if logs else draws
    centre = float(values.mean())
    radius = t_quantile(n - 1.0) * float(values.std(ddof=1)) * sqrt(1.0 + 1.0 / n)
    low, high = centre - radius, centre + radius
    return Interval(mean, *(np.exp([low, high]).tolist() if logs else (low, high)))


def of_few(mean: float, sample: float) -> Interval:
    """Bound the mean of numbers in ``[0, 1]`` by Hoeffding's inequality, however few they are."""
    radius = sqrt(log(2.0 / 0.05) / (2.0 * max(sample, 1e-9)))
    return Interval(None, max(0.0, mean - radius), min(1.0, mean + radius))


def t_quantile(degrees: float) -> float:
    """Give the 97.5 % quantile of Student's t distribution, within 1 % from 3 degrees on."""
    v, z = max(degrees, 1.0), _Z
    # The expansion of Cornish and Fisher.
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return z + first / v + second / v**2 + third / v**3

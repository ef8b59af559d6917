"""How much the ratings seen so far say about the true rate, whenever one looks."""

from __future__ import annotations

from math import log, sqrt

# Stitching over epochs in which the variance process grows by ETA, epoch k getting a share
# k^-S / zeta(S) of the error probability.
_ETA = 2.0
_S = 1.4
_ZETA_S = 3.1055472779775810


def audited_interval(
    predicted: float, weight: float, residual: float, spread: float, level: float = 0.95
) -> tuple[float, float]:
    """Give an anytime-valid confidence interval for the satisfaction of all requests.

    Parameters
    ----------
    predicted
        Mean of the predicted probabilities of satisfaction over all requests, in ``[0, 1]``.
    weight
        Sum over the audited requests that were rated, at least one, of their weights in ``(0, 1]``:
        the least probability of an audit over that with which the request was picked.
    residual
        Sum over them of the weight times rating minus prediction, each in ``[-1, 1]``.
    spread
        Sum of the squares of these.
    level
        Probability, in ``(0, 1)``, with which the interval holds at all times at once.

    Returns
    -------
    tuple of float
        Lower and upper end, in ``[0, 1]``.

    Notes
    -----
    A request counts ``w (s - p)`` where it is audited and 0 where it is not: on average, given
    everything before, its residual times the least probability of an audit. Half of that plus the
    weight is in ``[0, 1]``, so :func:`satisfaction_interval` covers the mean, where the prediction
    of each is 0. Their number, that least probability times the requests, is taken to be the sum of
    the weights: audited requests without a rating count as the others do.
    """
    halves = satisfaction_interval(weight, (residual + weight) / 2, spread / 4, level)
    assert halves is not None  # noqa: S101
    low, high = (predicted + 2 * half - 1 for half in halves)
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


def satisfaction_interval(
    rated: float, satisfaction: float, spread: float, level: float = 0.95
) -> tuple[float, float] | None:
    """Give an anytime-valid confidence interval for the true satisfaction rate.

    Parameters
    ----------
    rated
        Number n of ratings, each in ``[0, 1]``.
    satisfaction
        Their sum.
    spread
        Their variance process V: the sum of squared differences of each rating to the mean of those
        before it, the first to 1/2.
    level
        Probability, in ``(0, 1)``, with which the interval holds at all times at once.

    Returns
    -------
    tuple of float or None
        Lower and upper end in ``[0, 1]``; None without ratings.

    Notes
    -----
    The true rate is the mean over the rated requests of the probability of satisfaction given
    everything before. No distribution is assumed, requests and models may change, and one may look
    as often as one likes. It speaks of rated requests only: who rates is up to the users.

    This is the empirical-Bernstein confidence sequence with a polynomial stitched boundary,
    ``(sqrt(k1^2 v l(v) + k2^2 l(v)^2) + k2 l(v)) / n`` with ``v = max(V, 1)`` (theorem 4 and
    equation 10 of the reference, eta = 2, s = 1.4, c = 1).

    References
    ----------
    Howard, Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence
    sequences, Annals of Statistics 49(2), 2021.
    """
    if rated == 0:
        return None
    v = max(spread, 1.0)
    # Each side gets half of the error probability.
    share = (1.0 - level) / 2.0
    log_epoch = _S * log(log(_ETA * v)) + log(_ZETA_S / (share * log(_ETA) ** _S))
    k1 = (_ETA**0.25 + _ETA**-0.25) / sqrt(2.0)
    k2 = (sqrt(_ETA) + 1.0) / 2.0
    linear = k2 * log_epoch
    radius = (sqrt(k1 * k1 * v * log_epoch + linear * linear) + linear) / rated
    mean = satisfaction / rated
    return max(0.0, mean - radius), min(1.0, mean + radius)

"""Propensities of a log that does not tell them: each model's probability given the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from .heads import Array

# Ridge penalties to choose from: a log routed by a rule on its prompts wants the smallest, one that
# was routed by dice the largest.
_PENALTIES = (1.0, 10.0, 100.0, 1000.0)
_ITERATIONS = 200
_TOLERANCE = 1e-3


def fit_multinomial(
    inputs: Array, model: npt.NDArray[np.intp], n_models: int, penalty: float
) -> Array:
    """Fit a multinomial logistic regression by accelerated, preconditioned gradient steps.

    The Hessian is bounded by half the Gram matrix of the inputs (Boehning, Multinomial logistic
    regression algorithm, 1992), which is inverted once.

    Parameters
    ----------
    inputs
        ``[n, d]``, the last column one.
    model
        The model that served, ``[n]``.
    n_models
        M.
    penalty
        Of the squared weights; the constant goes free.

    Returns
    -------
    ndarray
        Weights, ``[d, M]``.
    """
    chosen = np.eye(n_models)[model]
    penalties = np.full(inputs.shape[1], penalty)
    penalties[-1] = 1e-3
    step = np.linalg.inv(0.5 * inputs.T @ inputs + np.diag(penalties))
    weights = np.zeros((inputs.shape[1], n_models))
    share = np.log(np.bincount(model, minlength=n_models) + 0.5)
    weights[-1] = share - share.mean()
    ahead, momentum = weights, 1.0
    for _ in range(_ITERATIONS):
        gradient = inputs.T @ (softmax(inputs @ ahead) - chosen) + penalties[:, None] * ahead
        following = ahead - step @ gradient
        moved = following - weights
        if float((gradient * moved).sum()) > 0.0:  # uphill: start anew from here
            momentum = 1.0
        faster = (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum)) / 2.0
        ahead = following + (momentum - 1.0) / faster * moved
        weights, momentum = following, faster
        if np.abs(moved).max() < _TOLERANCE:
            break
    return weights


def choose_penalty(inputs: Array, model: npt.NDArray[np.intp], n_models: int) -> float:
    """Choose the penalty that predicts a held-out fifth of the rows best."""
    cut = len(inputs) - max(len(inputs) // 5, 1)
    losses = []
    for penalty in _PENALTIES:
        weights = fit_multinomial(inputs[:cut], model[:cut], n_models, penalty)
        p = softmax(inputs[cut:] @ weights)[np.arange(len(inputs) - cut), model[cut:]]
        losses.append(float(-np.log(np.maximum(p, 1e-12)).mean()))
    return _PENALTIES[int(np.argmin(losses))]


def softmax(scores: Array) -> Array:
    """Probabilities of scores, ``[n, M]``."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))

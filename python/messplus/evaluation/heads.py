"""Outcome models and their uncertainty: a head per model of the zoo, shrunk towards a shared one.

A head predicts an outcome of model m as ``x . w_m``: the log odds of satisfaction, or the logarithm
of the cost. Heads differ around a shared head, ``w_m ~ N(w_0, 1/own)`` with ``w_0 ~ N(0,
1/shared)``; both precisions are learned by expectation maximisation. Given the shared head the
others are independent, so that everything is computed in blocks of one head. A logistic head is
fitted by Newton's method, and its posterior is Laplace's approximation (MacKay, The evidence
framework applied to classification networks, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Precisions of the intercepts: weak, the level of an outcome is for the data to say.
_SHARED_INTERCEPT, _OWN_INTERCEPT = 0.1, 0.5
_PRECISIONS = (1e-2, 1e4)
_ITERATIONS = 15
# Largest change of a weight, and of a logarithm of a precision, that still counts as one.
_WEIGHT_TOLERANCE, _PRECISION_TOLERANCE = 1e-3, 0.05
_LEAST_VARIANCE = 1e-9


class Precision(NamedTuple):
    """Precisions of the weights of the shared head, and of the others around it."""

    shared: float = 1.0
    own: float = 10.0


@dataclass(frozen=True)
class Heads:
    """Posterior of the heads of M models over d inputs, the last of which is constant.

    Attributes
    ----------
    weights
        Posterior means, ``[M, d]``.
    shared, shared_covariance
        Posterior mean and covariance of the shared head, ``[d]`` and ``[d, d]``.
    covariances
        Of each head, were the shared one known, ``[M, d, d]``.
    own
        Prior precision of each head around the shared one, ``[d]``.
    precision
        The precisions of the weights.
    noise
        What outcomes vary by beside the prediction, ``[M]``: the variance of the logarithm of the
        cost; of satisfaction, its ratio to that of a coin of the predicted odds.
    """

    weights: Array
    shared: Array
    shared_covariance: Array
    covariances: Array
    own: Array
    precision: Precision
    noise: Array

    def predict(self, inputs: Array, weights: Array | None = None) -> Array:
        """Predict the outcome of every model, ``[n, M]``, with drawn weights where given."""
        return np.asarray(inputs @ (self.weights if weights is None else weights).T)

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw weights from the posterior, ``[M, d]``."""
        n_models, width = self.weights.shape
        shared = np.linalg.cholesky(self.shared_covariance) @ rng.standard_normal(width)
        own = np.linalg.cholesky(self.covariances) @ rng.standard_normal((n_models, width, 1))
        return np.asarray(self.weights + self.covariances @ (self.own * shared) + own[..., 0])


def with_constant(features: npt.NDArray[np.float32]) -> Array:
    """Give the inputs of heads, ``float64 [n, k + 1]``."""
    return np.hstack([features.astype(np.float64), np.ones((len(features), 1))])


def fit_logistic(
    inputs: Array,
    model: npt.NDArray[np.intp],
    outcome: Array,
    n_models: int,
    start: Heads | None = None,
    prior: Precision = Precision(),  # noqa: B008  (immutable)
) -> Heads:
    """Fit heads to outcomes in ``[0, 1]``.

    Parameters
    ----------
    inputs
        ``[n, d]``, the last column one.
    model
        Whose outcome each row tells, ``[n]``.
    outcome
        ``[n]``.
    n_models
        M.
    start
        Heads fitted to similar rows: their precisions are kept, and a step or two from their
        weights is enough.
    prior
        Precisions to begin with, where there is no start.
    """
    parts = [(inputs[model == m], outcome[model == m]) for m in range(n_models)]
    width = inputs.shape[1]
    weights = np.zeros((n_models, width)) if start is None else start.weights
    precision = prior if start is None else start.precision
    graded = bool(((outcome > 0.0) & (outcome < 1.0)).any())
    noise = 1.0
    for _ in range(_ITERATIONS):
        grams, moments = np.zeros((n_models, width, width)), np.zeros((n_models, width))
        squares = variances = 0.0
        for m, (x, y) in enumerate(parts):
            p = sigmoid(x @ weights[m])
            variance = np.maximum(p * (1.0 - p), 1e-6)
            grams[m] = (x * variance[:, None]).T @ x
            moments[m] = x.T @ (y - p) + grams[m] @ weights[m]
            squares += float(((y - p) ** 2).sum())
            variances += float(variance.sum())
        # Graded ratings vary less than coins do, and tell more.
        if graded:
            noise = min(1.0, max(squares / variances, 1e-3))
        heads = _posterior(grams / noise, moments / noise, precision, np.full(n_models, noise))
        change = float(np.abs(heads.weights - weights).max())
        weights, before = heads.weights, precision
        if start is None:
            precision = _maximise(heads)
        if change < _WEIGHT_TOLERANCE or (start is not None and change < 0.1):
            break
        if change < 0.02 and _distance(before, precision) < _PRECISION_TOLERANCE:
            break
    return heads


def fit_linear(
    inputs: Array,
    model: npt.NDArray[np.intp],
    outcome: Array,
    n_models: int,
    start: Heads | None = None,
) -> Heads:
    """Fit heads to outcomes on the whole line; parameters as for :func:`fit_logistic`."""
    parts = [(inputs[model == m], outcome[model == m]) for m in range(n_models)]
    grams = np.stack([x.T @ x for x, _ in parts])
    moments = np.stack([x.T @ y for x, y in parts])
    overall = max(float(outcome.var()), _LEAST_VARIANCE) if len(outcome) else 1.0
    noise = np.full(n_models, overall) if start is None else start.noise
    precision = Precision() if start is None else start.precision
    for _ in range(_ITERATIONS):
        heads = _posterior(grams / noise[:, None, None], moments / noise[:, None], precision, noise)
        before = precision, noise
        noise = np.array(
            [
                max(float(((y - x @ w) ** 2).mean()), _LEAST_VARIANCE) if len(y) > 1 else overall
                for (x, y), w in zip(parts, heads.weights, strict=True)
            ]
        )
        if start is not None:
            break
        precision = _maximise(heads)
        moved = _distance(before[0], precision), float(np.abs(np.log(noise / before[1])).max())
        if max(moved) < _PRECISION_TOLERANCE:
            break
    return heads


def sigmoid(z: Array) -> Array:
    """Probability of log odds."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def _posterior(grams: Array, moments: Array, precision: Precision, noise: Array) -> Heads:
    width = moments.shape[1]
    shared_prior = np.full(width, precision.shared)
    own = np.full(width, precision.own)
    shared_prior[-1], own[-1] = _SHARED_INTERCEPT, _OWN_INTERCEPT
    covariances = np.asarray(np.linalg.inv(grams + np.diag(own)), np.float64)
    # What each head would be around zero; the shared head then draws all of them to itself.
    alone = (covariances @ moments[..., None])[..., 0]
    # own - own C own, without the cancellation where own is large.
    known = np.diag(shared_prior) + (grams @ covariances).sum(axis=0) * own
    shared_covariance = np.linalg.inv((known + known.T) / 2.0)
    shared = shared_covariance @ (own * alone.sum(axis=0))
    weights = alone + covariances @ (own * shared)
    return Heads(weights, shared, shared_covariance, covariances, own, precision, noise)


def _maximise(heads: Heads) -> Precision:
    """Give the precisions under which weights are expected to be as large as they are."""
    n_models, width = heads.weights.shape
    slopes = slice(0, width - 1)
    # A head's distance to the shared one varies with both of them.
    rest = np.eye(width) - heads.covariances * heads.own
    spread = heads.covariances + rest @ heads.shared_covariance @ rest.transpose(0, 2, 1)
    distance = float(((heads.weights - heads.shared)[:, slopes] ** 2).sum())
    distance += float(np.trace(spread[:, slopes, slopes], axis1=1, axis2=2).sum())
    length = float((heads.shared[slopes] ** 2).sum())
    length += float(np.trace(heads.shared_covariance[slopes, slopes]))
    count = max(width - 1, 1)
    return Precision(
        float(np.clip(count / max(length, 1e-12), *_PRECISIONS)),
        float(np.clip(n_models * count / max(distance, 1e-12), *_PRECISIONS)),
    )


def _distance(before: Precision, after: Precision) -> float:
    return float(max(abs(np.log(np.array(after) / np.array(before)))))

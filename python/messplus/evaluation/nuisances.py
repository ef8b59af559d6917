"""What estimates rest on: predictions, propensities and rating rates, never of a row by itself.

Each row's predictions come from fits to the other folds of the log (cross-fitting: Chernozhukov et
al., Double/debiased machine learning, 2018), so that errors of prediction cost precision and no
validity. Rows of one session stay in one fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .heads import Array, Heads, Precision, fit_linear, fit_logistic, sigmoid, with_constant
from .propensity import choose_penalty, fit_multinomial, softmax

if TYPE_CHECKING:
    import numpy.typing as npt

    from .request_log import RequestLog

FOLDS = 5
# More rows than these make a fit slower, not better.
_MOST_ROWS = 20_000
# An estimated propensity is never taken for smaller than this.
_LEAST_PROPENSITY = 1e-4
_LEAST_RATE = 1e-3
# Who rates hardly depends on the request, as far as one knows before looking.
_DICE = Precision(shared=10.0, own=100.0)
# Below this propensity, and below nearly all those with which a model was really called, it is
# taken to be never called for such requests.
_RARE, _RAREST_SHARE = 0.02, 0.01


@dataclass(frozen=True)
class Nuisances:
    """Predictions for n requests and M models.

    Attributes
    ----------
    fold
        Part of the log that each request belongs to, ``[n]``.
    satisfaction, cost
        Expected outcomes, ``[n, M]``.
    propensity
        Probability with which the model that served was to serve, ``[n]``.
    supported
        Whether requests like this were sent to the model at all, ``[n, M]``; all, where the log
        tells its propensities.
    rated, costed
        Probability with which the answer that was given is rated and its cost known, ``[n]``.
    heads, cost_heads
        Fits to the whole log: of satisfaction, and of the logarithm of the cost.
    residuals
        Differences of logarithms of costs to their predictions, by model.
    dispersion
        Variance of ratings over that of coins with the predicted odds, at most 1.
    """

    fold: npt.NDArray[np.intp]
    satisfaction: Array
    cost: Array
    propensity: Array
    supported: npt.NDArray[np.bool_]
    rated: Array
    costed: Array
    heads: Heads
    cost_heads: Heads
    residuals: tuple[Array, ...]
    dispersion: float


def fit_nuisances(log: RequestLog, rng: np.random.Generator) -> Nuisances:
    """Fit everything to a log.

    Parameters
    ----------
    log
        The log.
    rng
        Draws the folds, and rows where there are more than a fit needs.
    """
    n, n_models = len(log), len(log.models)
    inputs = with_constant(log.features)
    fold = _folds(log, rng)
    rated, costed = log.rated, ~np.isnan(log.cost)
    log_cost = np.log(np.maximum(np.nan_to_num(log.cost), _floor(log.cost)))

    rows = _some(np.flatnonzero(rated), rng)
    heads = fit_logistic(inputs[rows], log.model[rows], log.satisfied[rows], n_models)
    rows = _some(np.flatnonzero(costed), rng)
    cost_heads = fit_linear(inputs[rows], log.model[rows], log_cost[rows], n_models)

    satisfaction, log_costs = np.empty((n, n_models)), np.empty((n, n_models))
    for held_out in range(FOLDS):
        here = fold == held_out
        rows = _some(np.flatnonzero(rated & ~here), rng)
        fit = fit_logistic(inputs[rows], log.model[rows], log.satisfied[rows], n_models, heads)
        satisfaction[here] = sigmoid(fit.predict(inputs[here]))
        rows = _some(np.flatnonzero(costed & ~here), rng)
        fit = fit_linear(inputs[rows], log.model[rows], log_cost[rows], n_models, cost_heads)
        log_costs[here] = fit.predict(inputs[here])
    every = np.arange(n)
    errors = np.where(costed, log_cost - log_costs[every, log.model], np.nan)
    residuals = tuple(_known(errors[log.model == m]) for m in range(n_models))
    # The mean of a skewed variable exceeds its median: by the mean residual (Duan, Smearing
    # estimate, 1983).
    smearing = np.array([float(np.exp(residual).mean()) for residual in residuals])
    propensity, supported = _propensities(log, inputs, fold, rng)
    p = satisfaction[every, log.model]
    squares = float(np.nansum((log.satisfied - p) ** 2))
    coins = float((p * (1.0 - p))[rated].sum())
    return Nuisances(
        fold=fold,
        satisfaction=satisfaction,
        cost=np.exp(log_costs) * smearing,
        propensity=propensity,
        supported=supported,
        rated=_rates(log, inputs, fold, rated, rng),
        costed=_rates(log, inputs, fold, costed, rng),
        heads=heads,
        cost_heads=cost_heads,
        residuals=residuals,
        dispersion=min(1.0, squares / max(coins, 1e-12)),
    )


def _floor(cost: Array) -> float:
    """A free call's zero needs a floor to have a logarithm."""
    return max(float(np.nanmax(cost)) * 1e-9, 1e-300)


def _known(errors: Array) -> Array:
    known = errors[~np.isnan(errors)]
    return known if len(known) else np.zeros(1)


def _folds(log: RequestLog, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    groups = np.arange(len(log)) if log.sessions is None else log.sessions
    return (rng.permutation(int(groups.max()) + 1) % FOLDS)[groups]


def _some(rows: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    return rows if len(rows) <= _MOST_ROWS else np.sort(rng.choice(rows, _MOST_ROWS, replace=False))


def _propensities(
    log: RequestLog, inputs: Array, fold: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[Array, npt.NDArray[np.bool_]]:
    n, n_models = len(log), len(log.models)
    if log.propensity is not None:
        return log.propensity, np.ones((n, n_models), np.bool_)
    rows = rng.permutation(n)[:_MOST_ROWS]
    penalty = choose_penalty(inputs[rows], log.model[rows], n_models)
    estimated = np.empty((n, n_models))
    for held_out in range(FOLDS):
        here = fold == held_out
        rows = _some(np.flatnonzero(~here), rng)
        weights = fit_multinomial(inputs[rows], log.model[rows], n_models, penalty)
        estimated[here] = softmax(inputs[here] @ weights)
    supported = np.zeros((n, n_models), np.bool_)
    for m in range(n_models):
        called = estimated[log.model == m, m]
        if len(called):
            least = min(_RARE, float(np.quantile(called, _RAREST_SHARE)))
            supported[:, m] = estimated[:, m] >= least
    served = estimated[np.arange(n), log.model]
    return np.maximum(served, _LEAST_PROPENSITY), supported


def _rates(
    log: RequestLog,
    inputs: Array,
    fold: npt.NDArray[np.intp],
    known: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Array:
    """Estimate how probable it was that an outcome is known, given request and model."""
    if known.all():
        return np.ones(len(log))
    n_models, outcome = len(log.models), known.astype(np.float64)
    rows = _some(np.arange(len(log)), rng)
    whole = fit_logistic(inputs[rows], log.model[rows], outcome[rows], n_models, prior=_DICE)
    rates = np.empty(len(log))
    for held_out in range(FOLDS):
        here = np.flatnonzero(fold == held_out)
        rows = _some(np.flatnonzero(fold != held_out), rng)
        fit = fit_logistic(inputs[rows], log.model[rows], outcome[rows], n_models, whole)
        rates[here] = sigmoid(fit.predict(inputs[here]))[np.arange(len(here)), log.model[here]]
    return np.maximum(rates, _LEAST_RATE)

"""What can be evaluated, by name: fixed policies and such that learn.

=====================  =================================================================
``logged``             what was done: the answers of the log
``single:<model>``     one model for every request
``random``             a model drawn uniformly for every request
``static-mix``         models drawn with the weights of the cheapest blind mixture that meets the
                       target, as far as the log knows
``frozen:default``     what the default policy comes to in the end, without learning on: the model
                       of the lowest ``cost - price x satisfaction``, as predicted from the log
``default``, ...       a preset of :mod:`messplus.policy_names` as it would have learned
=====================  =================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from messplus.exceptions import ConfigError
from messplus.policy_names import PRESETS, Learner, parse_learner
from messplus.reports.mixture import Frontier, cheapest_mix

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from .heads import Array
    from .request_log import RequestLog

# Prices of satisfaction are found by bisection, up to so many times the highest cost.
_BISECTIONS, _HIGHEST_PRICE = 30, 1e3


@dataclass(frozen=True)
class Known:
    """What requests tell of the models.

    Attributes
    ----------
    satisfaction, cost
        Expected outcomes of every request and model, ``[n, M]``, each from other rows.
    satisfaction_scores, cost_scores
        Doubly robust scores, ``[n, M]``, whose means are true on average.
    """

    satisfaction: Array
    cost: Array
    satisfaction_scores: Array
    cost_scores: Array

    @property
    def mean_satisfaction(self) -> Array:
        """Estimated mean satisfaction of each model, ``[M]``."""
        return np.asarray(np.clip(self.satisfaction_scores.mean(axis=0), 0.0, 1.0))

    @property
    def mean_cost(self) -> Array:
        """Estimated mean cost of each model, ``[M]``."""
        return np.asarray(np.maximum(self.cost_scores.mean(axis=0), 0.0))

    def of(self, rows: npt.NDArray[np.bool_]) -> Known:
        """Keep to some of the requests."""
        return Known(
            self.satisfaction[rows],
            self.cost[rows],
            self.satisfaction_scores[rows],
            self.cost_scores[rows],
        )


@dataclass(frozen=True)
class Fixed:
    """A policy that does not learn.

    Attributes
    ----------
    name
        As given.
    choose
        Probability of each model for each request, ``[n, M]``, given what other requests tell, what
        is known of these, and the target, where it has one.
    has_target
        Whether it depends on the target.
    """

    name: str
    choose: Callable[[Known, Known, float], Array]
    has_target: bool = False


Candidate: TypeAlias = Fixed | Learner


def default_candidates(log: RequestLog) -> list[str]:
    """Name what is evaluated where nothing is asked for."""
    return ["default", "frozen:default", "static-mix", *(f"single:{name}" for name in log.models)]


def parse_candidate(name: str, log: RequestLog) -> Candidate:
    """Read the name of a policy; see the module for what there is.

    Raises
    ------
    ConfigError
        If it names no policy, or a key or value that the policy does not take.
    """
    learner = parse_learner(name, _most_expensive(log))
    if learner is not None:
        return learner
    prefix, _, rest = name.partition(":")
    n_models = len(log.models)
    match prefix, rest:
        case "single", model:
            if model not in log.models:
                known = ", ".join(log.models)
                raise ConfigError(f"policy: single:<model> must be one of {known}, got {model!r}")
            weights = np.eye(n_models)[log.models.index(model)]
            return Fixed(name, lambda _, here, __: _blind(weights, here))
        case "random", "":
            uniform = np.full(n_models, 1.0 / n_models)
            return Fixed(name, lambda _, here, __: _blind(uniform, here))
        case "static-mix", "":
            return Fixed(name, static_mix, has_target=True)
        case "frozen", "default":
            return Fixed(name, frozen, has_target=True)
    kinds = ["blind:<preset>", "frozen:default", "single:<model>", "random", "static-mix"]
    raise ConfigError(f"policy: must be one of {', '.join([*PRESETS, *kinds])}, got {name!r}")


def static_mix(others: Known, here: Known, target: float) -> Array:
    """Mix models blindly so that the target is met at the lowest cost."""
    means = others.mean_satisfaction
    mix = cheapest_mix(Frontier(means, others.mean_cost), target)
    # Where no mixture meets the target, the most satisfying model comes closest.
    best = np.eye(len(means))[int(means.argmax())]
    return _blind(best if mix is None else mix.weights, here)


def frozen(others: Known, here: Known, target: float) -> Array:
    """Choose at the lowest price of satisfaction at which the target seems to be met.

    The price is that at which the doubly robust scores meet the target, as the price of a router
    that learns settles where its ratings do: predictions of what was chosen for being predicted
    high are too high.
    """
    low, high = 0.0, _HIGHEST_PRICE * float(others.cost.max())
    for _ in range(_BISECTIONS):
        price = (low + high) / 2.0
        met = _mean(others.satisfaction_scores, _at_price(others, price)) >= target
        low, high = (low, price) if met else (price, high)
    return np.eye(here.cost.shape[1])[_at_price(here, high)]


def _at_price(known: Known, price: float) -> npt.NDArray[np.intp]:
    return np.asarray((known.cost - price * known.satisfaction).argmin(axis=1))


def _mean(values: Array, chosen: npt.NDArray[np.intp]) -> float:
    return float(np.take_along_axis(values, chosen[:, None], axis=1).mean())


def _blind(weights: Array, here: Known) -> Array:
    return np.broadcast_to(weights, here.cost.shape)


def _most_expensive(log: RequestLog) -> float:
    means = [log.cost[log.model == m] for m in range(len(log.models))]
    return max(float(np.nanmean(cost)) for cost in means if not np.isnan(cost).all())

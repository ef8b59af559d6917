"""How many more ratings a log needs until it answers, and what they cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus.exceptions import ConfigError
from messplus.reports.mixture import Frontier, cheapest_mix

from ._threads import one_thread
from .request_log import RequestLog, read_log
from .study import Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.logs.logged_data import LoggedData

    from .estimators import Outcome
    from .heads import Array

_Z = 1.959964
_TRIALS = 100
# Errors of prediction as large as those of so many coins are taken to have been seen already
# (Agresti and Coull, Approximate is better than "exact", 1998).
_COINS = 4


@dataclass(frozen=True)
class ModelPlan:
    """What it takes to know the satisfaction of one model.

    Attributes
    ----------
    model
        Its name.
    ratings
        Effective number of ratings that the log has of it, as of requests drawn at random.
    half_width
        Of the 95 % interval of its satisfaction today.
    needed
        Further ratings of requests drawn at random until that is within the precision asked for;
        None where only more requests, rated or not, would bring it there.
    audits
        How many of these could be ratings of answers that the log has, unrated.
    explored
        The others: requests that the model must be asked.
    cost
        Of asking and rating them.
    after_trials
        Half width after 100 more trials: answers of it to requests drawn at random, rated.
    trials_cost
        Of these 100 trials.
    target_half_width, target_after_trials
        Half width, relative to the cost, of what the cheapest blind mixture that meets the target
        costs: today, and after the trials. None without a target, or where none meets it.
    """

    model: str
    ratings: float
    half_width: float
    needed: int | None
    audits: int
    explored: int
    cost: float
    after_trials: float
    trials_cost: float
    target_half_width: float | None
    target_after_trials: float | None


@dataclass(frozen=True)
class Plan:
    """What it takes until a log answers.

    Attributes
    ----------
    log
        Its name.
    precision
        Half width asked for.
    target
        Satisfaction rate of the mixture, or None.
    models
        What every model needs.
    """

    log: str
    precision: float
    target: float | None
    models: Sequence[ModelPlan]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form: fields are added, never changed."""
        return asdict(self)


def plan(
    log: LoggedData,
    *,
    precision: float = 0.02,
    target: float | None = None,
    rating_cost: float = 0.0,
    models: Sequence[str] | None = None,
    trust: Sequence[str] | None = None,
    featurizer: AnyFeaturizer = None,
    seed: int = 0,
) -> Plan:
    """Find out how many requests must be audited or explored until the answer is precise.

    Parameters
    ----------
    log, models, trust, featurizer, seed
        As for :func:`messplus.evaluate`.
    precision
        Half width of the 95 % interval of each model's satisfaction, in (0, 1): 0.02 is two points.
    target
        Satisfaction rate, in (0, 1], at which to say how well the cost is known.
    rating_cost
        What one rating costs, in the unit of the log, ``>= 0``.

    Returns
    -------
    Plan
        What every model needs, and what 100 more trials of it are worth.

    Raises
    ------
    InputError
        If the log breaks a rule; see :func:`messplus.evaluate`.
    ConfigError
        If a number is out of range.

    Notes
    -----
    With v the variance of what is predicted of n requests, r that of the error of a prediction and
    k effective ratings, the interval is ``1.96 sqrt(v / n + r / k)`` wide on either side: ratings
    make the second part small, and only requests the first.
    """
    for name, value, low in (("precision", precision, 0.0), ("target", target, 0.0)):
        if value is not None and not low < value <= 1.0:
            raise ConfigError(f"{name}: must be in (0, 1], got {value}")
    if not rating_cost >= 0.0:
        raise ConfigError(f"rating_cost: must be >= 0, got {rating_cost}")
    read = read_log(log, models=models, trust=trust, featurizer=featurizer)
    with one_thread():
        study = Study(read, seed)
        return Plan(
            log=read.name,
            precision=precision,
            target=target,
            models=_models(read, study, precision, target, rating_cost),
        )


def _models(
    log: RequestLog, study: Study, precision: float, target: float | None, rating_cost: float
) -> list[ModelPlan]:
    variances = [_variance(study.satisfaction, m) for m in range(len(log.models))]
    slopes = _slopes(study, target)
    found = []
    for m, (name, variance) in enumerate(zip(log.models, variances, strict=True)):
        needed = _needed(variance, precision)
        answered = log.model == m
        unrated = int((answered & ~log.rated).sum())
        audits = min(needed or 0, unrated)
        explored = (needed or 0) - audits
        price = float(study.known.mean_cost[m])
        more = [each if k != m else each.after(_TRIALS) for k, each in enumerate(variances)]
        found.append(
            ModelPlan(
                model=name,
                ratings=variance.ratings,
                half_width=_Z * sqrt(variance.total()),
                needed=needed,
                audits=audits,
                explored=explored,
                cost=explored * price + (needed or 0) * rating_cost,
                after_trials=_Z * sqrt(more[m].total()),
                trials_cost=_TRIALS * (price + rating_cost),
                target_half_width=_at_target(slopes, variances),
                target_after_trials=_at_target(slopes, more),
            )
        )
    return found


@dataclass(frozen=True)
class _Variance:
    """Of the estimated satisfaction of a model: by requests, and by ratings."""

    requests: float
    rating: float
    ratings: float

    def total(self) -> float:
        return self.requests + self.rating / max(self.ratings, 1.0)

    def after(self, trials: int) -> _Variance:
        return _Variance(self.requests, self.rating, self.ratings + trials)


def _variance(outcome: Outcome, model: int) -> _Variance:
    predicted = outcome.predicted[:, model]
    alone = np.eye(outcome.predicted.shape[1])[np.full(len(predicted), model)]
    weights = outcome.weights(alone)
    errors = np.nan_to_num(outcome.observed - predicted)
    squares, total = float((weights**2 * errors**2).sum()), float((weights**2).sum())
    ratings = float(weights.sum()) ** 2 / total if total else 0.0
    seen = ratings * squares / total if total else 0.0
    # A few ratings may all be good: that is not to know.
    rating = (seen + 0.25 * _COINS) / (ratings + _COINS)
    return _Variance(float(predicted.var()) / len(predicted), rating, ratings)


def _needed(variance: _Variance, precision: float) -> int | None:
    room = (precision / _Z) ** 2 - variance.requests
    if room <= 0.0:
        return None
    return max(0, ceil(variance.rating / room - variance.ratings))


def _slopes(study: Study, target: float | None) -> Array | None:
    """By how much, relative to it, the cost at the target changes with each satisfaction."""
    if target is None:
        return None
    means, costs = study.known.mean_satisfaction, study.known.mean_cost
    mix = cheapest_mix(Frontier(means, costs), target)
    if mix is None or mix.cost <= 0.0:
        return None
    used = np.flatnonzero(mix.weights)
    slopes = np.zeros(len(means))
    if len(used) == 2:
        low, high = used[np.argsort(means[used])]
        price = (costs[high] - costs[low]) / (means[high] - means[low])
        slopes[used] = -mix.weights[used] * price / mix.cost
    return slopes


def _at_target(slopes: Array | None, variances: Sequence[_Variance]) -> float | None:
    if slopes is None:
        return None
    totals = np.array([variance.total() for variance in variances])
    return float(_Z * np.sqrt((slopes**2 * totals).sum()))

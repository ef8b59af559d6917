"""What can be replayed: presets (:mod:`messplus.policy_names`) and baselines, by name.

``single:<model>``
    One model for every request.
``random``
    A model drawn uniformly for every request.
``static-mix``
    A model drawn with the weights of the cheapest mixture, known in hindsight only.

Where the model that a baseline wants has no score for a row, random and static-mix draw among the
others, and one with no weight left gives way to the model of the highest mean score.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from messplus.exceptions import ConfigError
from messplus.policy_names import PRESETS, Learner, parse_learner

from .bounds import Bounds
from .tables import Table

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Baseline:
    """A policy that looks at nothing and learns nothing.

    Attributes
    ----------
    name
        As given.
    weights
        Probability of each model given the bounds, ``float64 [M]``.
    """

    name: str
    weights: Callable[[Bounds], Weights]


def parse_policy(name: str, table: Table) -> Learner | Baseline:
    """Read the name of a policy; see the module for what there is.

    Raises
    ------
    ConfigError
        If it names no policy, or a key or value that the policy does not take.
    """
    learner = parse_learner(name, float(np.nanmax(table.mean_cost)))
    if learner is not None:
        return learner
    head, *pairs = name.split(",")
    prefix, _, rest = head.partition(":")
    baseline = _baseline(prefix, rest, table)
    if baseline is None:
        known = [*PRESETS, "blind:<preset>", "single:<model>", "random", "static-mix"]
        raise ConfigError(f"policy: must be one of {', '.join(known)}, got {name!r}")
    if pairs:
        raise ConfigError(f"policy: {head} takes no settings, got {name!r}")
    return Baseline(name, baseline)


def _baseline(prefix: str, rest: str, table: Table) -> Callable[[Bounds], Weights] | None:
    n_models = len(table.models)
    match prefix, rest:
        case "single", model:
            if model not in table.models:
                known = ", ".join(table.models)
                raise ConfigError(f"policy: single:<model> must be one of {known}, got {model!r}")
            one_hot = np.eye(n_models)[table.models.index(model)]
            return lambda _: one_hot
        case "random", "":
            return lambda _: np.full(n_models, 1.0 / n_models)
        case "static-mix", "":
            # Where no mixture meets the target, the most satisfying model comes closest.
            best = np.eye(n_models)[np.nanargmax(table.mean_score)]
            return lambda bounds: best if bounds.mix is None else bounds.mix.weights
    return None

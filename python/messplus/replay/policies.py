"""What can be replayed: the presets of the router and baselines, by name.

A name is ``NAME[,key=value...]`` with one of

``default``
    The default policy; keys ``exploration``, ``credit``, ``forgetting``.
``paper``
    MESS+ as published; keys ``v`` or ``v_rel`` (V times the mean cost of the most expensive model),
    ``c``, ``lr``, ``momentum``, ``l2``, ``clip``.
``epsilon-greedy``
    Ridge regression and a fixed share of exploration; keys ``epsilon``, ``credit``.
``blind:<preset>``
    The same with constant features: what the policy does without seeing the prompt.
``single:<model>``
    One model for every request.
``random``
    A model drawn uniformly for every request.
``static-mix``
    A model drawn with the weights of the cheapest mixture, known in hindsight only.

Where the model that a baseline wants has no score for a row, random and static-mix draw among the
others, and one with no weight left gives way to the model of the highest mean score.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from messplus.exceptions import ConfigError
from messplus.policies import Policy

from .bounds import Bounds
from .tables import Table

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learner:
    """A preset of the router.

    Attributes
    ----------
    name
        As given.
    policy
        Its settings.
    blind
        Whether it gets no features.
    """

    name: str
    policy: Policy
    blind: bool


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
    head, *pairs = name.split(",")
    prefix, _, rest = head.partition(":")
    blind = prefix == "blind"
    preset = rest if blind else head
    if preset in _PRESETS:
        return Learner(name, _PRESETS[preset](_settings(name, pairs), table), blind)
    baseline = None if blind else _baseline(prefix, rest, table)
    if baseline is None:
        known = [*_PRESETS, "blind:<preset>", "single:<model>", "random", "static-mix"]
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


def _settings(name: str, pairs: list[str]) -> dict[str, float]:
    settings: dict[str, float] = {}
    for pair in pairs:
        key, _, text = pair.partition("=")
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, int | float) or key in settings:
            raise ConfigError(f"policy: settings must be distinct key=number, got {name!r}")
        settings[key] = value
    return settings


def _default(settings: dict[str, float], _: Table) -> Policy:
    _check_keys("default", settings, ("exploration", "credit", "forgetting"))
    return Policy.default(**settings)


def _paper(settings: dict[str, float], table: Table) -> Policy:
    keys = ("v", "v_rel", "c", "lr", "momentum", "l2", "clip")
    _check_keys("paper", settings, keys)
    if "v_rel" in settings:
        if "v" in settings:
            raise ConfigError("policy: paper takes v or v_rel, got both")
        most_expensive = float(np.nanmax(table.mean_cost))
        relative = settings.pop("v_rel")
        # Where every model is free, no V makes a difference.
        settings["v"] = relative / most_expensive if most_expensive > 0 else 0.0
    return Policy.paper(**settings)


def _epsilon_greedy(settings: dict[str, float], _: Table) -> Policy:
    _check_keys("epsilon-greedy", settings, ("epsilon", "credit"))
    return Policy.epsilon_greedy(**settings)


def _check_keys(preset: str, settings: Mapping[str, float], keys: tuple[str, ...]) -> None:
    for key in settings:
        if key not in keys:
            raise ConfigError(f"policy: {preset} takes {', '.join(keys)}, got {key!r}")


_PRESETS: dict[str, Callable[[dict[str, float], Table], Policy]] = {
    "default": _default,
    "paper": _paper,
    "epsilon-greedy": _epsilon_greedy,
}

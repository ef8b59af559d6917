"""Presets by name, as commands are told of them: ``NAME[,key=number...]``.

``default``
    The default policy; keys ``exploration``, ``credit``, ``forgetting``.
``paper``
    MESS+ as published; keys ``v`` or ``v_rel`` (V times the mean cost of the most expensive model),
    ``c``, ``lr``, ``momentum``, ``l2``, ``clip``.
``epsilon-greedy``
    A baseline that learns: ridge regression and mean costs; keys ``epsilon``, ``credit``.
``blind:<preset>``
    The same with constant features: what the policy does without seeing the prompt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exceptions import ConfigError
from .policies import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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


def parse_learner(name: str, most_expensive: float) -> Learner | None:
    """Read the name of a preset.

    Parameters
    ----------
    name
        See the module.
    most_expensive
        Mean cost of the most expensive model, what ``v_rel`` is relative to.

    Returns
    -------
    Learner or None
        None where the name is that of no preset.

    Raises
    ------
    ConfigError
        If a key or value is one that the preset does not take.
    """
    head, *pairs = name.split(",")
    prefix, _, rest = head.partition(":")
    blind = prefix == "blind"
    preset = _PRESETS.get(rest if blind else head)
    if preset is None:
        return None
    return Learner(name, preset(_settings(name, pairs), most_expensive), blind)


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


def _default(settings: dict[str, float], _: float) -> Policy:
    _check_keys("default", settings, ("exploration", "credit", "forgetting"))
    return Policy.default(**settings)


def _paper(settings: dict[str, float], most_expensive: float) -> Policy:
    keys = ("v", "v_rel", "c", "lr", "momentum", "l2", "clip")
    _check_keys("paper", settings, keys)
    if "v_rel" in settings:
        if "v" in settings:
            raise ConfigError("policy: paper takes v or v_rel, got both")
        relative = settings.pop("v_rel")
        # Where every model is free, no V makes a difference.
        settings["v"] = relative / most_expensive if most_expensive > 0 else 0.0
    return Policy.paper(**settings)


def _epsilon_greedy(settings: dict[str, float], _: float) -> Policy:
    _check_keys("epsilon-greedy", settings, ("epsilon", "credit"))
    return Policy.epsilon_greedy(**settings)


def _check_keys(preset: str, settings: Mapping[str, float], keys: tuple[str, ...]) -> None:
    for key in settings:
        if key not in keys:
            raise ConfigError(f"policy: {preset} takes {', '.join(keys)}, got {key!r}")


_PRESETS: dict[str, Callable[[dict[str, float], float], Policy]] = {
    "default": _default,
    "paper": _paper,
    "epsilon-greedy": _epsilon_greedy,
}
#: Names of the presets.
PRESETS = tuple(_PRESETS)

"""Comparing a router that was found with the one asked for, and amending it where possible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from messplus._logger import logger
from messplus.exceptions import ConfigError

from .amendment import amended, differences
from .core_config import CoreConfig, native_model

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from messplus._core import Controller
    from messplus.models import Model


def agree(path: Path | str, core: Controller, given: str) -> tuple[str, ...]:
    """Let a router that was found become the one asked for.

    Parameters
    ----------
    path
        Where it was found.
    core
        The router's core.
    given
        The settings asked for, as JSON.

    Returns
    -------
    tuple
        What was amended, in words.

    Raises
    ------
    ConfigError
        If it was made with other settings that cannot be amended.
    """
    amendment, changed = differences(core.config, given)
    kept = CoreConfig.parse(amended(core.config, amendment))
    _refuse_others(path, CoreConfig.parse(given), kept)
    if amendment:
        core.amend(json.dumps(amendment))
    _follow_zoo(path, CoreConfig.parse(given), kept, core)
    for note in changed:
        logger.warning("%s: %s", path, note)
    return changed


def _refuse_others(path: Path | str, given: CoreConfig, kept: CoreConfig) -> None:
    """Refuse other settings than those kept, where they cannot be amended."""
    found = kept.arguments()
    for name, value in given.arguments().items():
        if found.get(name) != value:
            raise ConfigError(
                f"{name}: must be as in {path}, {found.get(name)!r}, got {value!r}; "
                "open it without settings, or make a new folder"
            )


def _follow_zoo(path: Path | str, given: CoreConfig, kept: CoreConfig, core: Controller) -> None:
    """Let the zoo become the one asked for."""
    asked = {model.name: model for model in given.models}
    known = {model.name: model for model in kept.zoo}
    for name, model in asked.items():
        if name not in known:
            logger.warning("%s: model %r joins the zoo", path, name)
            core.add_model(json.dumps(native_model(model)))
            continue
        if model.cost != known[name].cost:
            logger.warning("%s: model %r now costs %r", path, name, model.cost)
            core.reprice(name, json.dumps(native_model(model)["cost"]))
        if _abilities(model) != _abilities(known[name]):
            logger.warning(
                "%s: model %r now takes %r tokens, supports %r", path, name, *_abilities(model)
            )
            core.equip(json.dumps(native_model(model)))
    for name in known:
        if name not in asked:
            logger.warning("%s: model %r leaves the zoo", path, name)
            core.remove_model(name)


def _abilities(model: Model) -> tuple[int | None, AbstractSet[str] | None]:
    return model.max_input_tokens, model.supports

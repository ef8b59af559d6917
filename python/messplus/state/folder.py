"""Routers that survive their process: opening a folder and comparing it with what is asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from messplus._core import Controller
from messplus._logger import logger
from messplus.exceptions import ConfigError
from messplus.featurizers.requests import RequestFeatures

from .amendment import amended, differences
from .core_config import CoreConfig, native_model
from .parts import Parts, native, restore
from .recovery import Recovery

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from messplus._core import FoundFolder
    from messplus._schema import RouterSettings
    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.models import Model


def open_folder(
    path: Path,
    settings: RouterSettings | None,
    featurizer: AnyFeaturizer,
    durability: str,
    journal_bytes: int,
) -> Parts:
    """Open a folder, or make it from the settings given.

    Parameters
    ----------
    path
        The folder.
    settings
        Settings of the router; may be missing where the folder holds one.
    featurizer
        The router's.
    durability, journal_bytes
        As for :meth:`messplus.Router.open`.

    Raises
    ------
    ConfigError
        If the folder was made with other settings, or there are neither settings nor a router.
    StateError
        If the folder cannot be read or written, is open already, or was made with another
        featurizer.
    """
    whole = isinstance(journal_bytes, int) and not isinstance(journal_bytes, bool)
    if not whole or not 0 < journal_bytes < 2**63:
        raise ConfigError(f"journal_bytes: must be an integer >= 1, got {journal_bytes!r}")
    given = None
    if settings is not None:
        features = RequestFeatures(featurizer, settings.tag_features)
        featurizer = features.map.featurizer
        given = native(settings, features)
    core, found = Controller.open(path.absolute(), given, durability, journal_bytes)
    try:
        recovery = None if found is None else _recovery(path, found)
        if recovery is not None and given is not None:
            amendment, changed = differences(core.config, given)
            kept = CoreConfig.parse(amended(core.config, amendment))
            _refuse_others(path, CoreConfig.parse(given), kept)
            if amendment:
                core.amend(json.dumps(amendment))
            _follow_zoo(path, CoreConfig.parse(given), kept, core)
            for note in changed:
                logger.warning("%s: %s", path, note)
            recovery = replace(recovery, notes=recovery.notes + changed)
        return restore(core, featurizer, recovery)
    except BaseException:
        core.close()
        raise


def _recovery(path: Path, found: FoundFolder) -> Recovery:
    recovery = Recovery(
        found["transitions"], found["replayed"], found["torn_bytes"], tuple(found["notes"])
    )
    for note in recovery.notes:
        logger.warning("%s: %s", path, note)
    logger.info("%s: opened after %d transitions", path, recovery.transitions)
    return recovery


def _refuse_others(path: Path, given: CoreConfig, kept: CoreConfig) -> None:
    """Refuse other settings than those kept, where they cannot be amended."""
    found = kept.arguments()
    for name, value in given.arguments().items():
        if found.get(name) != value:
            raise ConfigError(
                f"{name}: must be as in {path}, {found.get(name)!r}, got {value!r}; "
                "open it without settings, or make a new folder"
            )


def _follow_zoo(path: Path, given: CoreConfig, kept: CoreConfig, core: Controller) -> None:
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

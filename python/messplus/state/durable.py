"""Routers that survive their process: opening a folder and comparing it with what is asked for."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from messplus import config
from messplus._core import Controller
from messplus.exceptions import ConfigError, MessPlusError

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("messplus")


@dataclass(frozen=True)
class Recovery:
    """How a folder was found when it was opened.

    Attributes
    ----------
    transitions
        Decisions and outcomes recorded since the folder was made.
    replayed
        Those of them that were read from journals, after the snapshot.
    torn_bytes
        Bytes of a half-written record that were cut from the end of a journal: what a killed
        process was writing when it ended. They are kept in ``journal.torn``.
    notes
        What was not as it should be, such as a snapshot that had to be left out; empty after an
        ordinary stop or crash.
    """

    transitions: int
    replayed: int
    torn_bytes: int
    notes: tuple[str, ...]


def open_controller(
    path: Path, given: str | None, durability: str, journal_bytes: int
) -> tuple[Controller, Recovery | None]:
    """Open a folder, or make it from the settings given.

    Raises
    ------
    ConfigError
        If the folder was made with other settings, or there are neither settings nor a router.
    StateError
        If the folder cannot be read or written, or is open already.
    """
    whole = isinstance(journal_bytes, int) and not isinstance(journal_bytes, bool)
    if not whole or not 0 < journal_bytes < 2**63:
        raise ConfigError(f"journal_bytes: must be an integer >= 1, got {journal_bytes!r}")
    core, found = Controller.open(path, given, durability, journal_bytes)
    if found is None:
        return core, None
    recovery = Recovery(**{**found, "notes": tuple(found["notes"])})
    for note in recovery.notes:
        _log.warning("%s: %s", path, note)
    _log.info("%s: opened after %d transitions", path, recovery.transitions)
    if given is not None:
        try:
            settings = json.loads(given)
            _compare(path, settings, json.loads(core.config))
            _follow(path, settings["models"], core)
        except MessPlusError:
            core.close()
            raise
    return core, recovery


def _compare(path: Path, given: dict[str, Any], kept: dict[str, Any]) -> None:
    found = _by_argument(kept)
    for name, value in _by_argument(given).items():
        if found.get(name) != value:
            raise ConfigError(
                f"{name}: must be as in {path}, {found.get(name)!r}, got {value!r}; "
                "open it without settings, or make a new folder"
            )


def _by_argument(native: dict[str, Any]) -> dict[str, Any]:
    """Settings under the names that callers know, without those that may change."""
    levels = {level["name"]: level["alpha"] for level in native["agreement"]["levels"]}
    settings = native["agreement"] | native
    # The featurizer is compared where the router takes it up.
    for name in ("agreement", "levels", "metadata", "models"):
        settings.pop(name, None)
    if list(levels) == ["default"]:
        return {"sla.target": levels["default"], **settings}
    return {"slas": levels, **settings}


def _follow(path: Path, models: list[dict[str, Any]], core: Controller) -> None:
    """Let models join, leave or change their price, so that the zoo is the one asked for."""
    asked = {model["name"]: model for model in models}
    kept = {model.name: model for model in config.zoo(core.config)}
    for name, model in asked.items():
        if name not in kept:
            _log.warning("%s: model %r joins the zoo", path, name)
            core.add_model(json.dumps(model))
        elif model["cost"] != asdict(kept[name])["cost"]:
            _log.warning("%s: model %r now costs %r", path, name, model["cost"])
            core.reprice(name, json.dumps(model["cost"]))
    for name in kept:
        if name not in asked:
            _log.warning("%s: model %r leaves the zoo", path, name)
            core.remove_model(name)

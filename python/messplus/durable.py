"""Routers that survive their process: opening a folder and comparing it with what is asked for."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._core import Controller
from .exceptions import ConfigError

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
    core, found = Controller.open(path, given, durability, journal_bytes)
    if found is None:
        return core, None
    recovery = Recovery(**{**found, "notes": tuple(found["notes"])})
    for note in recovery.notes:
        _log.warning("%s: %s", path, note)
    _log.info("%s: opened after %d transitions", path, recovery.transitions)
    if given is not None:
        try:
            _compare(path, json.loads(given), json.loads(core.config))
        except ConfigError:
            core.close()
            raise
    return core, recovery


def _compare(path: Path, given: dict[str, object], kept: dict[str, object]) -> None:
    for name, value in given.items():
        # The featurizer is compared where the router takes it up.
        if name != "metadata" and kept.get(name) != value:
            field = "sla.target" if name == "alpha" else name
            raise ConfigError(
                f"{field}: must be as in {path}, {kept.get(name)!r}, got {value!r}; "
                "open it without settings, or make a new folder"
            )

"""Routers that survive their process: opening a folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from messplus._core import Controller
from messplus._logger import logger
from messplus.exceptions import ConfigError

from .agree import agree
from .parts import Parts, given_to_core, restore
from .recovery import Recovery

if TYPE_CHECKING:
    from pathlib import Path

    from messplus._core import FoundFolder
    from messplus._schema import RouterSettings
    from messplus.featurizers.requests import AnyFeaturizer


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
    check_journal_bytes(journal_bytes)
    given, featurizer = given_to_core(settings, featurizer)
    core, found = Controller.open(path.absolute(), given, durability, journal_bytes)
    try:
        recovery = None if found is None else _recovery(path, found)
        if recovery is not None and given is not None:
            changed = agree(path, core, given)
            recovery = replace(recovery, notes=recovery.notes + changed)
        return restore(core, featurizer, recovery)
    except BaseException:
        core.close()
        raise


def check_journal_bytes(journal_bytes: int) -> None:
    """Refuse what is no size of a journal.

    Raises
    ------
    ConfigError
        If it is none.
    """
    whole = isinstance(journal_bytes, int) and not isinstance(journal_bytes, bool)
    if not whole or not 0 < journal_bytes < 2**63:
        raise ConfigError(f"journal_bytes: must be an integer >= 1, got {journal_bytes!r}")


def _recovery(path: Path, found: FoundFolder) -> Recovery:
    recovery = Recovery(
        found["transitions"], found["replayed"], found["torn_bytes"], tuple(found["notes"])
    )
    for note in recovery.notes:
        logger.warning("%s: %s", path, note)
    logger.info("%s: opened after %d transitions", path, recovery.transitions)
    return recovery

"""Opening a folder on this host, whether it is one process's or shared by many."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from messplus.exceptions import ConfigError, StateError, StateLockedError
from messplus.state import folder
from messplus.state.parts import given_to_core
from messplus.state.recovery import Recovery

from .folder import FolderLog
from .holder import Holder, ask, drop_private, forget_request
from .membership import Membership
from .opening import joined

if TYPE_CHECKING:
    from pathlib import Path

    from messplus._schema import RouterSettings
    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.state.parts import Parts

# Seconds to wait until the holder of a folder shares it, and between two looks whether it did.
PATIENCE = 10.0
LOOK_EVERY = 0.01
DURABILITIES = ("group", "each", "none")


def open_folder(
    path: Path,
    settings: RouterSettings | None,
    featurizer: AnyFeaturizer,
    durability: str,
    journal_bytes: int,
) -> Parts:
    """Open a folder alone, or share it with those who have it open.

    Parameters and errors are those of :func:`messplus.state.folder.open_folder`; but where another
    process holds the folder, it is asked to share it.

    Raises
    ------
    StateLockedError
        If it does not do so within 10 seconds.
    """
    folder.check_journal_bytes(journal_bytes)
    if durability not in DURABILITIES:
        raise ConfigError(
            f"durability: must be one of {', '.join(DURABILITIES)}, got {json.dumps(durability)}"
        )
    path = path.absolute()
    until = monotonic() + PATIENCE
    while not FolderLog.is_at(path):
        try:
            parts = folder.open_folder(path, settings, featurizer, durability, journal_bytes)
        except StateLockedError as error:
            if monotonic() > until:
                raise StateLockedError(
                    f"{error}, which did not share it within {PATIENCE:.0f} seconds: "
                    "stop it, or see its log for the reason"
                ) from error
            try:
                ask(path)
            except OSError as refusal:
                raise StateError(f"{path}: must be writable, got {refusal}") from error
            time.sleep(LOOK_EVERY)
            continue
        except Exception:
            if FolderLog.is_at(path):
                break
            raise
        if FolderLog.is_at(path):
            # It was shared and let go of between the look and the lock.
            parts.close()
            break
        forget_request(path)
        membership = Membership()
        membership.holder = Holder(path, parts.core, durability, membership.join)
        return replace(parts, membership=membership)
    return _join(path, settings, featurizer, durability)


def _join(
    path: Path, settings: RouterSettings | None, featurizer: AnyFeaturizer, durability: str
) -> Parts:
    forget_request(path)
    drop_private(path)
    log = FolderLog(path, durability)
    given, featurizer = given_to_core(settings, featurizer)
    member, parts, changed = joined(log, given, featurizer)
    recovery = Recovery(member.transitions, member.replayed, 0, changed)
    return replace(parts, recovery=recovery)

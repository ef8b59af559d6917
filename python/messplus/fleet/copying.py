"""Copying a router from where it is kept to another place: folder, log or file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from messplus._core import Controller, Replica
from messplus._files import replacing
from messplus.exceptions import InputError, StateError

from .address import is_address
from .follow import follow_at
from .log import Mark, Snapshot
from .redis import RedisLog

if TYPE_CHECKING:
    from .log import SharedLog


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes
    ----------
    place
        Up to where: what happens at the source after this is not in the copy.
    core
        The state.
    notes
        What is not as it should be, or not in the copy, in words.
    """

    place: str
    core: Controller
    notes: tuple[str, ...]


def copy(source: str, target: str, *, as_file: bool = False) -> Copied:
    """Copy the state of a router, bit for bit, as it is at one moment.

    Parameters
    ----------
    source
        A folder of :meth:`Router.open`, shared or not, in use or not, the address of a fleet, or a
        file of :meth:`Router.save`.
    target
        A folder or an address where there is nothing yet.
    as_file
        Whether the target is a file of :meth:`Router.save` rather than a folder.

    Raises
    ------
    InputError
        If there is something at the target. Nothing has changed then.
    StateError
        If the source cannot be read or the target not be written.
    """
    _refuse_what_is_there(target)
    copied, fold = _read(source)
    if is_address(target):
        _begin(RedisLog(target), fold)
    elif as_file:
        with replacing(target) as file:
            file.write(copied.core.to_bytes())
    else:
        Controller.write_folder(target, copied.core.to_bytes())
    return copied


def _refuse_what_is_there(target: str) -> None:
    if is_address(target):
        log = RedisLog(target)
        try:
            found, shown = log.snapshot() is not None, log.address
        except OSError as error:
            raise StateError(str(error)) from error
        finally:
            log.close()
    else:
        path, shown = Path(target), target
        found = path.is_symlink() or (any(path.iterdir()) if path.is_dir() else path.exists())
    if found:
        raise InputError(f"to: must hold nothing yet, got {shown!r}")


def _read(source: str) -> tuple[Copied, Snapshot]:
    """The state, and the same with what a log needs to go on from there."""
    followed = follow_at(source)
    if followed is not None:
        waiting = followed.replica.standing()["waiting"]
        notes = (f"{waiting} outcomes wait for their decision: only a copy to a log has them",)
        place = f"batch {followed.position:,}"
        copied = Copied(place, followed.core, notes if waiting else ())
        return copied, Snapshot(_fresh(followed.position), followed.replica.snapshot())
    if Path(source).is_dir():
        core, found = Controller.recover(source)
        copied = Copied(f"transition {found['transitions']:,}", core, tuple(found["notes"]))
    else:
        core = Controller.from_bytes(Path(source).read_bytes())
        copied = Copied("the end of the file", core, ())
    return copied, Snapshot(_fresh(0), Replica.founding(core.to_bytes()))


def _fresh(position: int) -> Mark:
    """A place that no replica of another log takes for its own."""
    return Mark(position, os.urandom(8))


def _begin(log: SharedLog, snapshot: Snapshot) -> None:
    try:
        log.begin(snapshot)
        found = log.snapshot()
    except OSError as error:
        raise StateError(f"{log.address}: must be writable, got {error}") from error
    finally:
        log.close()
    if found is None or found.mark.tail != snapshot.mark.tail:
        raise InputError(f"to: must hold nothing yet, got {log.address!r}, which somebody made")

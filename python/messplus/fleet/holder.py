"""A folder held by one process, which becomes a fleet when another one wants it as well.

The one that comes leaves a file called ``share`` in the folder. The holder sees it, writes a log
that begins with its state, becomes its first replica, and lets go of the folder's lock. What is
called ``log`` is there as a whole or not at all, and decides: with it the folder is shared, without
it the holder's. So a crash at any moment leaves one or the other.
"""

from __future__ import annotations

import os
import shutil
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from messplus._core import Replica
from messplus._logger import logger

from .folder import FolderLog
from .log import Mark, Snapshot
from .member import Member, fresh_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from messplus._core import Controller

# Seconds between two looks for others, and between two attempts to share with them.
INTERVAL = 0.05
PAUSE = 1.0
_HOLDERS: Final[weakref.WeakSet[Holder]] = weakref.WeakSet()
# Held while a folder comes to be shared, and while the process forks.
_sharing = threading.Lock()


def ask(path: Path) -> None:
    """Ask the holder of a folder to share it."""
    file = os.open(path / "share", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.close(file)


def forget_request(path: Path) -> None:
    """There is nobody any more who waits for the folder."""
    with suppress(FileNotFoundError):
        (path / "share").unlink()


def drop_private(path: Path) -> None:
    """Remove what was written while the folder was one process's: its log began with all of it."""
    with suppress(OSError):
        for file in path.iterdir():
            if file.name.startswith(("snapshot-", "journal-")) and ".aside" not in file.name:
                file.unlink()


class Holder:
    """Shares a folder once it is asked to.

    Parameters
    ----------
    path
        The folder.
    core
        The controller that holds it.
    durability
        As for :meth:`messplus.Router.open`.
    join
        Called with the member that carries the router's batches, once there is one.
    """

    def __init__(
        self, path: Path, core: Controller, durability: str, join: Callable[[Member], None]
    ) -> None:
        self._path, self._core, self._durability = path, core, durability
        self._join = join
        self._has_failed = False
        self._stop = threading.Event()
        _HOLDERS.add(self)
        thread = threading.Thread(
            target=_run, args=(weakref.ref(self), self._stop), name="messplus-folder", daemon=True
        )
        thread.start()

    def is_asked(self) -> bool:
        """Whether somebody waits for the folder."""
        return os.path.lexists(self._path / "share")

    def share(self) -> bool:
        """Share the folder; only with ``_sharing`` held. Whether that was done, or need not be."""
        if self._stop.is_set():
            return True
        try:
            done = self._share()
        except Exception as error:
            if not self._has_failed:
                logger.error("%s: cannot be shared: %s", self._path, error)
            self._has_failed = True
            return False
        self._stop.set()
        forget_request(self._path)
        if done:
            logger.info("%s: is shared between processes from now on", self._path)
            drop_private(self._path)
        return True

    def _share(self) -> bool:
        log = FolderLog(self._path, self._durability)
        name, mark = fresh_name(), Mark(0, os.urandom(8))

        def begin(state: bytes) -> None:
            if FolderLog.is_at(self._path):
                raise FileExistsError(f"{self._path}: must not have a log yet")
            for unfinished in self._path.glob("log.*.tmp"):
                shutil.rmtree(unfinished, ignore_errors=True)
            log.begin(Snapshot(mark, state))
            # From here on there is no way back.
            with suppress(OSError):
                log.alive(name, mark)

        replica = Replica.taking_over(self._core, name, log.spool.folder, log.spool.each, begin)
        if replica is None:
            return False
        member = Member(log, replica, name, mark)
        self._join(member)
        member.start()
        return True

    def close(self) -> None:
        """Share nothing any more."""
        with _sharing:
            self._stop.set()


def _run(holder: weakref.ref[Holder], stop: threading.Event) -> None:
    """Look for others until the folder is shared, or nobody holds on to it."""
    pause = INTERVAL
    while not stop.wait(pause):
        alive = holder()
        if alive is None:
            return
        if alive.is_asked():
            with _sharing:
                pause = INTERVAL if alive.share() else PAUSE
        del alive


def _before_fork() -> None:
    _sharing.acquire()
    holders = [holder for holder in list(_HOLDERS) if not holder._stop.is_set()]
    if holders:
        # In a thread, which no signal of the user's interrupts halfway.
        sharing = threading.Thread(target=lambda: [holder.share() for holder in holders])
        sharing.start()
        sharing.join()


def _after_fork_in_parent() -> None:
    _sharing.release()


def _after_fork_in_child() -> None:
    global _sharing
    _sharing = threading.Lock()
    # Those that could not be shared are the parent's.
    for holder in list(_HOLDERS):
        holder._stop.set()


# Registered after the members': so this comes before them when the process forks.
os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)

"""A replica's background thread: sends what happened here, folds what happened everywhere."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from time import monotonic
from typing import TYPE_CHECKING, Final

from messplus._core import Replica
from messplus._logger import logger
from messplus.exceptions import StateError
from messplus.reports.fleet import FleetReport

from .log import Mark, Snapshot

if TYPE_CHECKING:
    from messplus._core import Controller

    from .log import SharedLog

# Seconds between two looks at the log, and the longest time between two attempts while it is away.
INTERVAL = 0.02
LONGEST = 1.0
# Seconds between two signs of life.
ALIVE_EVERY = 2.0
# Batches, or bytes of them, after which a snapshot is due, and seconds between two attempts.
SNAPSHOT_EVERY = 2000
SNAPSHOT_BYTES = 16 << 20
SNAPSHOT_PAUSE = 5.0
# Batches of others that are restored between two looks: others restore them as well.
RESTORED = 64
# Seconds without a look at the log after which a replica counts as degraded.
STALE = 1.0
_MEMBERS: Final[weakref.WeakSet[Member]] = weakref.WeakSet()


class Member:
    """Carries batches between a replica and the log of its fleet.

    Parameters
    ----------
    log
        The log.
    replica
        The replica, spooling where the log has a spool.
    name
        Its name.
    mark
        Its place in the log.
    """

    def __init__(self, log: SharedLog, replica: Replica, name: int, mark: Mark) -> None:
        self.log, self._replica, self._id, self._mark = log, replica, name, mark
        # Held while the replica is used, and so while the process forks; never while a log is.
        self._lock = threading.RLock()
        # Held while the log is used.
        self._using = threading.Lock()
        self._joined_at = mark.position
        self._begin()

    @classmethod
    def join(cls, log: SharedLog) -> Member:
        """Be a replica that begins with the log's snapshot.

        Raises
        ------
        StateError
            If the log is away or empty, or its snapshot is not of this version.
        """
        try:
            snapshot = log.snapshot()
            if snapshot is None:
                raise StateError(f"{log.address}: must hold a router, got none")
            name = fresh_name()
            replica = Replica(snapshot.state, name)
            member = cls(log, replica, name, snapshot.mark)
            member._spool()
            member.sync()
        except BaseException as error:
            log.close()
            if isinstance(error, OSError):
                raise StateError(f"{log.address}: must be writable, got {error}") from error
            raise
        member.start()
        return member

    def _begin(self) -> None:
        self._unsure = self._lost = False
        self._replicas = 1
        self._seen = monotonic()
        self._alive_at = self._saved_at = -LONGEST - ALIVE_EVERY - SNAPSHOT_PAUSE
        self._saved = self._mark.position
        self._unsaved = 0
        self._error: str | None = None
        self._stop = threading.Event()

    def _spool(self) -> None:
        """Have on file what the log does not have yet: others send it for a killed replica."""
        if self.log.spool is not None:
            # They look for replicas first.
            self.log.alive(self._id, self._mark)
            self._replica.spool(self.log.spool.folder, self.log.spool.each)

    def start(self) -> None:
        """Look at the log in the background from now on."""
        _MEMBERS.add(self)
        self._thread = threading.Thread(
            target=_run, args=(weakref.ref(self), self._stop), name="messplus-fleet", daemon=True
        )
        self._thread.start()

    @property
    def core(self) -> Controller:
        """The side that decides."""
        return self._replica.controller

    def sync(self, *, flush: bool = True) -> None:
        """Send what happened here, and fold what happened everywhere.

        Parameters
        ----------
        flush
            Whether it lasts in a folder afterwards; else it will in a moment.

        Raises
        ------
        OSError
            If the log is away; what was not sent is kept.
        StateError
            If the log was written by another version.
        """
        with self._using:
            try:
                self._sync(flush=flush)
            except BaseException:
                # What was on its way may have arrived or not.
                self._unsure = True
                raise
            self._seen, self._error = monotonic(), None

    def _sync(self, *, flush: bool) -> None:
        now = monotonic()
        if now - self._alive_at >= ALIVE_EVERY:
            self._replicas, self._alive_at = self.log.alive(self._id, self._mark), now
        if self._unsure:
            self._read()
            with self._lock:
                self._replica.send_again()
            self._unsure = False
        while (batch := self._next()) is not None:
            if not self.log.append(self._mark, batch):
                self._reload()
                continue
            with self._lock:
                self._replica.sent()
        self._read()
        self._restore()
        if self.log.flush(now=flush) and self.log.spool is not None:
            self._replica.lasting()
        behind = self._mark.position - self._saved
        due = behind >= SNAPSHOT_EVERY or self._unsaved >= SNAPSHOT_BYTES
        if due and now - self._saved_at >= SNAPSHOT_PAUSE:
            self._save(now)

    def _next(self) -> bytes | None:
        with self._lock:
            return self._replica.next_batch()

    def _read(self) -> None:
        while True:
            page = self.log.read(self._mark)
            if page is None:
                self._reload()
                continue
            batches = [batch for _, batch in page]
            self._unsaved += sum(map(len, batches))
            with self._lock:
                self._replica.read(batches, monotonic(), self._replicas)
                if not page:
                    return
                self._mark = page[-1][0]

    def _restore(self) -> None:
        """Enter again what others sent and the log has lost: they may have ended since."""
        before: list[bytes] = []
        while self._lost:
            with self._lock:
                missing = self._replica.missing(RESTORED)
            # What nobody can read stays missing.
            self._lost, before = missing != before and bool(missing), missing
            for batch in missing:
                if not self.log.append(self._mark, batch):
                    break
            self._read()

    def _reload(self) -> None:
        """Go on from the snapshot: this replica's place is no longer in the log.

        It was away for so long that the log was cut, or the server lost its last second. Where it
        lost everything, the log begins anew with what this replica knows.
        """
        snapshot = self.log.snapshot()
        if snapshot is None:
            with self._lock:
                state = self._replica.snapshot()
            logger.warning("%s: the log is gone; it begins anew from here", self.log.address)
            self.log.begin(Snapshot(self._mark, state))
            self._spool()
            return
        logger.warning(
            "%s: batch %d is no longer in the log; going on from its snapshot at %d",
            self.log.address,
            self._mark.position,
            snapshot.mark.position,
        )
        # Where what came after it is lost as well, the log goes on from there.
        self.log.begin(snapshot)
        with self._lock:
            self._replica.reload(snapshot.state, monotonic())
            self._mark = snapshot.mark
        self._saved, self._unsaved = snapshot.mark.position, 0
        self._lost = True
        self._spool()

    def _save(self, now: float) -> None:
        with self._lock:
            state = self._replica.snapshot()
        self.log.save(Snapshot(self._mark, state))
        self._saved, self._unsaved, self._saved_at = self._mark.position, 0, now

    def try_sync(self, *, flush: bool = False) -> bool:
        """Like :meth:`sync`; what goes wrong is logged once and told by :meth:`report`."""
        try:
            self.sync(flush=flush)
        except Exception as error:
            if self._error is None:
                logger.error("%s: routing on alone: %s", self.log.address, error)
            self._error = str(error)
            return False
        return True

    def refresh(self) -> None:
        """Take in what happened up to now, where the log is on this host."""
        if self.log.spool is not None and not self._stop.is_set():
            self.try_sync()

    def report(self) -> FleetReport:
        """How this replica stands to its fleet."""
        standing = self._replica.standing()
        stale = monotonic() - self._seen
        return FleetReport(
            address=self.log.address,
            replicas=self._replicas,
            share=standing["share"],
            position=standing["position"],
            staleness_seconds=stale,
            unsent=standing["ahead"],
            given_up=standing["given_up"],
            degraded=stale > STALE,
            refused=standing["refused"],
            lost=standing["lost"],
            damaged=standing["damaged"],
            error=self._error,
        )

    def close(self) -> None:
        """Send the rest, as far as the log takes it, and leave."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        sent = self.try_sync(flush=True)
        if self.log.spool is not None:
            self._replica.end_spool()
        if sent:
            try:
                self.log.leave(self._id)
            except OSError as error:
                logger.warning("%s: %s", self.log.address, error)
        self.log.close()

    @property
    def is_closed(self) -> bool:
        """Whether it has left."""
        return self._stop.is_set()

    @property
    def replayed(self) -> int:
        """Batches read since it joined."""
        return self._mark.position - self._joined_at

    @property
    def transitions(self) -> int:
        """Transitions that count in the log up to where it has read."""
        return self._replica.standing()["taken"]

    def before_fork(self) -> None:
        """Let the replica be whole when the process forks."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Be a replica of its own: threads, connections and what was not sent are the parent's."""
        self._lock = threading.RLock()
        self._using = threading.Lock()
        if self._stop.is_set():
            return
        self.log.reconnect()
        self._id = fresh_name()
        self._replica.rejoin(self._id)
        self._begin()
        try:
            self._spool()
        except OSError as error:
            logger.error("%s: %s", self.log.address, error)
        self.start()


def fresh_name() -> int:
    """A name for a replica."""
    return int.from_bytes(os.urandom(8), "little")


def _run(member: weakref.ref[Member], stop: threading.Event) -> None:
    """Look at the log until the member stops, or nobody holds on to it."""
    pause = INTERVAL
    while not stop.wait(pause):
        alive = member()
        if alive is None:
            return
        pause = INTERVAL if alive.try_sync() else min(2 * pause, LONGEST)
        del alive


def _each(method: str) -> None:
    for member in list(_MEMBERS):
        getattr(member, method)()


# Registered after the core's: so this comes before those when the process forks, and after them in
# parent and child. A thread that holds the lock may still have to pass the core's gate.
os.register_at_fork(
    before=lambda: _each("before_fork"),
    after_in_parent=lambda: _each("after_fork_in_parent"),
    after_in_child=lambda: _each("after_fork_in_child"),
)
# What happened since the last look goes out with an ordinary end.
atexit.register(lambda: _each("close"))

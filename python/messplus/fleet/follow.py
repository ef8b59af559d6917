"""Reading a log to its end without being a replica: nothing is written, nobody notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from messplus._core import Replica
from messplus.exceptions import StateError
from messplus.reports.fleet import FleetReport

from .places import log_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from messplus._core import Controller

    from .log import SharedLog, Snapshot

# A log that is in use may be cut while it is read; then its snapshot is a newer one.
_TRIES = 10


@dataclass(frozen=True)
class Followed:
    """A log as it was when it was read.

    Attributes
    ----------
    begin
        The snapshot it was read from.
    batches
        Those after it.
    unsent
        What killed replicas left beside the log, which the next replica to look will enter.
    replica
        What all of them lead to.
    address
        The log's, without a password.
    readers
        The living replicas, and how far each has read.
    """

    begin: Snapshot
    batches: tuple[bytes, ...]
    unsent: tuple[bytes, ...]
    replica: Replica
    address: str
    readers: Mapping[int, int]

    @property
    def position(self) -> int:
        """Batches up to the end."""
        return self.replica.standing()["position"]

    def report(self) -> FleetReport:
        """The fleet, as one sees it who is no replica."""
        standing = self.replica.standing()
        return FleetReport(
            address=self.address,
            replicas=len(self.readers),
            share=0.0,
            position=standing["position"],
            staleness_seconds=0.0,
            unsent=0,
            given_up=0,
            degraded=False,
            refused=standing["refused"],
            lost=standing["lost"],
            damaged=standing["damaged"],
            error=None,
        )

    @property
    def core(self) -> Controller:
        """The state, as far as the log says it."""
        return self.replica.controller


def follow_at(path: str | Path) -> Followed | None:
    """Fold the log kept at a path or an address, as :func:`follow` does; None where there is none.

    Raises
    ------
    ConfigError
        If it begins like an address and is none.
    StateError
        As for :func:`follow`.
    """
    log = log_at(path)
    if log is None:
        return None
    try:
        return follow(log)
    finally:
        log.close()


def follow(log: SharedLog) -> Followed:
    """Fold a log, from its snapshot to where it ends now.

    Raises
    ------
    StateError
        If it holds no router, is away, has lost entries, or is of another version.
    """
    try:
        for _ in range(_TRIES):
            found = _attempt(log)
            if found is not None:
                return found
    except OSError as error:
        raise StateError(f"{log.address}: must be readable to its end, got {error}") from error
    raise StateError(f"{log.address}: must lead on from its snapshot, got {_TRIES} that did not")


def _attempt(log: SharedLog) -> Followed | None:
    begin = log.snapshot()
    if begin is None:
        raise StateError(f"{log.address}: must hold a router, got none")
    replica, mark, batches = Replica(begin.state, 0), begin.mark, list[bytes]()
    while page := log.read(mark):
        read = [batch for _, batch in page]
        replica.read(read, 0.0, 1)
        batches += read
        mark = page[-1][0]
    if page is None:
        return None
    unsent = tuple(log.unsent())
    replica.read(unsent, 0.0, 1)
    return Followed(begin, tuple(batches), unsent, replica, log.address, log.readers())

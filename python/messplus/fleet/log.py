"""What a place that keeps the log of a fleet must do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Mark:
    """A place in the log.

    Attributes
    ----------
    position
        Batches up to here.
    tail
        Name of the last of them. A log that lost its end and went on has another batch at the same
        position, under another name.
    """

    position: int
    tail: bytes


@dataclass(frozen=True)
class Snapshot:
    """The state of the fleet at a place in the log.

    Attributes
    ----------
    mark
        The place.
    state
        What :meth:`messplus._core.Replica.snapshot` gave there.
    """

    mark: Mark
    state: bytes


@dataclass(frozen=True)
class Spool:
    """Where replicas keep what the log may not have yet.

    Attributes
    ----------
    folder
        The folder.
    each
        Whether what is kept survives power loss before a call returns.
    """

    folder: Path
    each: bool


class SharedLog(Protocol):
    """Keeps batches in one order for all replicas.

    Each method may raise ``OSError`` where the log is away, and is called by one thread at a time.

    Attributes
    ----------
    address
        The log's, for people.
    """

    address: str

    @property
    def spool(self) -> Spool | None:
        """Where killed replicas leave what they had not sent; None where nobody could find it."""

    def reconnect(self) -> None:
        """Have files and connections of one's own, after a fork."""

    def snapshot(self) -> Snapshot | None:
        """The snapshot to begin with; None where there is no fleet yet."""

    def begin(self, snapshot: Snapshot) -> None:
        """Begin a log with a snapshot, unless there is one."""

    def append(self, mark: Mark, batch: bytes) -> bool:
        """Append a batch; False, and nothing appended, where ``mark`` is no place in the log."""

    def read(self, mark: Mark) -> Sequence[tuple[Mark, bytes]] | None:
        """Some batches after ``mark``, all of few; None where it is no place in the log."""

    def flush(self, *, now: bool = False) -> bool:
        """Make what was appended last, with ``now`` at once; whether all that was read lasts."""

    def alive(self, replica: int, mark: Mark) -> int:
        """Say that a replica is alive and how far it has read; how many are."""

    def readers(self) -> dict[int, int]:
        """The living replicas, and how far each has read."""

    def unsent(self) -> Sequence[bytes]:
        """What killed replicas left, as far as it can be found; the log may have some of it."""

    def leave(self, replica: int) -> None:
        """Say that a replica ends."""

    def save(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot, and drop what neither it nor a living replica needs.

        False, and nothing done, where another replica has just done so.
        """

    def close(self) -> None:
        """Let go of files and connections."""

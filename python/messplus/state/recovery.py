"""What opening a folder had to do."""

from __future__ import annotations

from dataclasses import dataclass


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

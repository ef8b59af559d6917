"""What opening a folder had to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recovery:
    """How a folder was found when it was opened.

    Attributes
    ----------
    transitions
        Decisions and outcomes recorded since the folder was made, or came to be shared.
    replayed
        Those of them that were read from journals, after the snapshot; batches of them where the
        folder is shared.
    torn_bytes
        Bytes of a half-written record at the end of a journal: what a killed process was writing
        when it ended, and had not acknowledged.
    notes
        What was not as it should be: files that are damaged, missing or of somewhere else, with
        what was made good and what was not. Empty after an ordinary stop or crash. Damaged files
        are kept beside, as ``NAME.aside-1``; each note is logged and counted in
        ``report().state_errors["recovery"]``.
    """

    transitions: int
    replayed: int
    torn_bytes: int
    notes: tuple[str, ...]

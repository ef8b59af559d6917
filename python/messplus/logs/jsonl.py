"""A log of decisions and outcomes for later analysis: JSON lines, never a prompt."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

if TYPE_CHECKING:
    from messplus._core import Decision

    Ratings = bool | float | Mapping[str, bool | float] | None
    Costs = float | Mapping[str, float] | None

_log = logging.getLogger("messplus")
_LOOK_AFTER_SECONDS = 1.0


class JsonlLog:
    """Appends one line of JSON per decision, outcome and failed call to a file.

    Each line goes out in one write, so that threads, and processes with the same path, do not mix
    theirs. A file that is moved away or deleted is opened again within a second: rotate it with
    whatever rotates your logs. Nothing here fails a request: what cannot be written is counted in
    ``report().state_errors["log"]``, and the first time in a row is logged.

    Parameters
    ----------
    path
        The file; made, for its owner only, at the first line.

    Attributes
    ----------
    errors
        Lines that could not be written.

    Notes
    -----
    ``event`` is ``decision``, ``outcome`` or ``failure``, ``id`` joins them, ``time`` is in seconds
    since 1970. Prompts, features and tags are left out.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.errors = 0
        self._file: _File | None = None
        self._looked = 0.0
        self._failing = False

    def decided(self, decision: Decision) -> None:
        """Write down a decision."""
        self._write(
            "decision",
            decision.id,
            step=decision.step,
            model=decision.model,
            reason=decision.reason,
            shadow_choice=decision.shadow_choice,
            propensity=decision.propensity,
            also_query=decision.also_query,
            ranking=decision.ranking,
            p_satisfied=decision.p_satisfied,
            expected_cost=decision.expected_cost,
            score=decision.score,
        )

    def observed(
        self, decision: Decision | str, satisfied: Ratings, cost: Costs, latency: Costs
    ) -> None:
        """Write down feedback that the router took in, as it was given."""
        parts = {"satisfied": satisfied, "cost": cost, "latency": latency}
        given = {name: part for name, part in parts.items() if part is not None}
        self._write("outcome", decision if isinstance(decision, str) else decision.id, **given)

    def failed(self, decision: Decision | str, model: str, kind: str) -> None:
        """Write down a call that failed."""
        self._write(
            "failure",
            decision if isinstance(decision, str) else decision.id,
            model=model,
            kind=kind,
        )

    def _write(self, event: str, decision: str, **fields: object) -> None:
        now = time.time()
        record = {"time": round(now, 3), "event": event, "id": decision, **fields}
        try:
            line = json.dumps(record, default=_plain, separators=(",", ":")).encode() + b"\n"
            self._opened(now).append(line)
            self._failing = False
        except (OSError, TypeError, ValueError) as error:
            self.errors += 1
            self._file = None
            if not self._failing:
                self._failing = True
                _log.error("%s: a line could not be written: %s", self.path, error)

    def _opened(self, now: float) -> _File:
        file = self._file
        if file is not None and abs(now - self._looked) > _LOOK_AFTER_SECONDS:
            self._looked = now
            file = None if file.was_moved() else file
        if file is None:
            file = self._file = _File(self.path)
        return file


class _File:
    """A file open for appending, closed when the last thread has let go of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            # The end of a process or of the disk's room cut a line: the next one starts afresh.
            self.append(b"\n")

    def append(self, line: bytes) -> None:
        written = os.write(self._fd, line)
        if written != len(line):
            raise OSError(f"only {written} of {len(line)} bytes were written")

    def was_moved(self) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._fd))
        except FileNotFoundError:
            return True

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def _plain(value: Mapping[str, object] | SupportsFloat) -> object:
    """Mappings and numbers of other packages, as the router accepts them."""
    return dict(value) if isinstance(value, Mapping) else float(value)

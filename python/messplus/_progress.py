"""A progress bar on standard error, where that is a terminal."""

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

_WIDTH = 24
_INTERVAL_S = 0.1


class Progress:
    """Shows how far a loop of ``total`` steps has come; silent where nobody watches.

    Parameters
    ----------
    total
        Number of steps.
    label
        What is being done.
    """

    def __init__(self, total: int, label: str) -> None:
        self._total = max(total, 1)
        self._label = label
        self._live = sys.stderr.isatty()
        self._start = time.monotonic()
        self._next = self._start

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def update(self, done: int, note: str = "") -> None:
        """Say that ``done`` steps are behind us, and show a short note."""
        now = time.monotonic()
        if not self._live or now < self._next:
            return
        self._next = now + _INTERVAL_S
        share = min(done / self._total, 1.0)
        bar = ("█" * round(share * _WIDTH)).ljust(_WIDTH, "░")
        left = (now - self._start) * (1 - share) / share if share > 0 else 0.0
        line = f"{self._label} {bar} {share:4.0%} {left:3.0f} s left  {note}"
        # A line that wraps could not be taken back.
        fitting = line[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f"\r\x1b[K{fitting}")
        sys.stderr.flush()

    def part(self, before: int, label: str) -> Callable[..., None]:
        """Make a callback for a part of the loop that counts its own steps from zero."""
        return lambda done, note="": self.update(before + done, f"{label} {note}")

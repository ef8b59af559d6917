"""Ends of a server: as a process that is killed, and as a machine that loses power."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from tests.redis_server import Server

# Seconds for which the server is away.
AWAY = (0.1, 1.5)
# Seconds that a file synced every second may lose.
UNSYNCED = 1.0


@dataclass
class Outage:
    """One of them: what was written after ``lost_since`` is not in the file any more."""

    lost_since: float
    began: float
    over: float = float("inf")


class Outages:
    """Kills a server, and starts it again after a while.

    Parameters
    ----------
    server
        The server.
    random
        Draws how long it is away.
    """

    def __init__(self, server: Server, random: np.random.Generator) -> None:
        self._server, self._random = server, random
        self._sizes: deque[tuple[float, int]] = deque()
        self._cut: int | None = None
        self._return = 0.0
        self.all: list[Outage] = []
        self._look()

    @property
    def away(self) -> bool:
        """Whether the server is away now."""
        return bool(self.all) and self.all[-1].over == float("inf")

    def begin(self, power_cut: bool) -> None:
        """Kill the server; with the power, its file loses at least its last second too."""
        self._server.kill()
        now = time.monotonic()
        self._return = now + float(self._random.uniform(*AWAY))
        outage = Outage(now, now)
        if power_cut:
            # The last look that is old enough; what a server began with is on the disk in any case.
            outage.lost_since, self._cut = self._sizes[0]
        self.all.append(outage)

    def watch(self) -> None:
        """Look at the file, and start the server where it is due; to be called often."""
        now = time.monotonic()
        if not self.away:
            self._look()
        elif now >= self._return:
            if self._cut is not None:
                os.truncate(self._file(), self._cut)
            self._server.start()
            self._cut = None
            self._sizes.clear()
            self._look()
            self.all[-1].over = time.monotonic()

    def _look(self) -> None:
        self._sizes.append((time.monotonic(), self._file().stat().st_size))
        while len(self._sizes) > 1 and self._sizes[1][0] <= self._sizes[-1][0] - UNSYNCED:
            self._sizes.popleft()

    def _file(self) -> Path:
        (file,) = self._server.folder.glob("appendonlydir/*.incr.aof")
        return file

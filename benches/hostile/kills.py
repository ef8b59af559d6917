"""A process of four Python threads is killed at random moments: what it returned is on file."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

from messplus import _core
from messplus.reports import accounting
from tests.folders import opened

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

SELECTED, RATED = b"s", b"r"


def run(home: Path, full: bool, harm: Counter[str]) -> int:
    """Kill one process after the other on the same folder, and count what each had acknowledged."""
    n, chance = (240 if full else 8), random.Random(1)
    state = home / "state"
    before = (0, 0)
    for kill in range(n):
        # Two of three write snapshots all the time.
        journal_bytes = 8_000 if kill % 3 else 32 << 20
        told = _kill(state, journal_bytes, chance.uniform(0.005, 0.08))
        core, found = _core.Controller.recover(state)
        account = accounting.build(core.report())
        now = (account.decisions, account.slas["default"].rated)
        kept = (now[0] - before[0], now[1] - before[1])
        harm["lost_silently"] += max(0, told.count(SELECTED) - kept[0])
        harm["lost_silently"] += max(0, told.count(RATED) - kept[1])
        # A kill damages nothing, and there is nothing to tell.
        harm["lost_silently"] += len(found["notes"])
        before = now
    return n


def _kill(state: Path, journal_bytes: int, seconds: float) -> bytes:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _victim(state, journal_bytes, writer)
    os.close(writer)
    told = os.read(reader, 1 << 16)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reader, 1 << 16):
        told += more
    os.close(reader)
    return told


def _victim(state: Path, journal_bytes: int, writer: int) -> None:
    router = opened(state, journal_bytes=journal_bytes)

    def route() -> None:
        while True:
            decision = router.select("a word")
            os.write(writer, SELECTED)
            router.feedback(decision, satisfied=True, cost=0.1)
            os.write(writer, RATED)

    for _ in range(4):
        threading.Thread(target=route, daemon=True).start()
    signal.pause()

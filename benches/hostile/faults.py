"""Disks that are full, folders that vanish, links where files should be."""

from __future__ import annotations

import contextlib
import resource
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING

import confined

from messplus.exceptions import StateError
from tests.folders import opened, work

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

    from messplus import Router

LINKED = ("lock", "snapshot.tmp", "journal.torn", "journal-0000000000000001")
PATIENCE = 20.0


def run(home: Path, full: bool, harm: Counter[str]) -> int:
    """Let each fault happen, under load, and compare what a new owner finds."""
    sizes = range(0, 40_000, 500 if full else 20_000)
    jobs: list[Callable[[Path], int]] = [partial(_full_disk, size) for size in sizes]
    for what in ("*", "lock", "journal-*", "snapshot-*"):
        jobs += [partial(_removed, what)] * (10 if full else 1)
    jobs += [partial(_linked, name, hard) for name in LINKED for hard in (False, True)]
    for number, job in enumerate(jobs):
        confined.run(partial(job, home / str(number)), harm)
    return len(jobs)


def _full_disk(size: int, path: Path) -> int:
    """No file grows beyond so many bytes for a while: EFBIG, where a full disk says ENOSPC."""
    router = opened(path, journal_bytes=20_000)
    work(router, 5)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    work(router, 200)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    work(router, 5)
    return _closed_and_compared(router, path)


def _removed(what: str, path: Path) -> int:
    router = opened(path)
    work(router, 20)
    if what == "*":
        shutil.rmtree(path)
    else:
        for file in path.glob(what):
            file.unlink()
    work(router, 20)
    if not what.startswith("snapshot"):
        until = time.monotonic() + PATIENCE
        while not router.report().state_errors["folder"]:
            if time.monotonic() > until:
                return 1
            time.sleep(0.01)
    work(router, 20)
    return _closed_and_compared(router, path)


def _closed_and_compared(router: Router, path: Path) -> int:
    state = router.to_bytes()
    router.close()
    with opened(path) as found:
        return found.to_bytes() != state


def _linked(name: str, hard: bool, path: Path) -> int:
    path.mkdir()
    victim = path.with_suffix(".victim")
    victim.write_text("precious")
    if hard:
        (path / name).hardlink_to(victim)
    else:
        (path / name).symlink_to(victim)
    with contextlib.suppress(StateError), opened(path) as router:
        work(router, 5)
    return victim.read_text() != "precious"

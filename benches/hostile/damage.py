"""Every region of every file is damaged in every way: the state comes back, or somebody is told."""

from __future__ import annotations

import os
import random
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING

import confined

from messplus import SLA, _core
from messplus.exceptions import MessPlusError
from tests.folders import opened, work

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

    from messplus import Router

Files = dict[str, bytes]
PER_CHILD = 500

WAYS: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    lambda file, at, chance: file.__setitem__(at, file[at] ^ 1 << chance.randrange(8)),
    lambda file, at, chance: file.__setitem__(slice(at, at + 8), chance.randbytes(8)),
    lambda file, at, _: file.__setitem__(slice(at, at + 64), bytes(len(file[at : at + 64]))),
    lambda file, at, _: file.__delitem__(slice(at, None)),
    lambda file, at, _: file.__delitem__(slice(at, at + 5)),
    lambda file, at, chance: file.__setitem__(slice(at, at), chance.randbytes(3)),
    lambda file, at, _: file.extend(file[at:]),
)


def run(home: Path, full: bool, harm: Counter[str]) -> int:
    """Damage a folder again and again."""
    files, state = killed(home)
    total = 20_000 if full else 300
    for first in range(0, total, PER_CHILD):
        numbers = range(first, min(first + PER_CHILD, total))
        confined.run(partial(_cases, home, files, state, numbers), harm, seconds=120)
    return total


def killed(home: Path) -> tuple[Files, bytes]:
    """The files of a process that was killed after two snapshots, and the state it had."""
    live, copy = home / "live", home / "copy"
    child = os.fork()
    if child == 0:
        router = opened(live)
        live_through_all(router)
        router.checkpoint()
        live_through_all(router)
        (home / "state").write_bytes(router.to_bytes())
        # How far the files reach is written down at each group sync, every 50 ms: a file cut within
        # what came after cannot be told from one whose writer was killed there.
        time.sleep(0.3)
        shutil.copytree(live, copy)
        os._exit(0)
    os.waitpid(child, 0)
    files = {path.name: path.read_bytes() for path in sorted(copy.iterdir())}
    return files, (home / "state").read_bytes()


def live_through_all(router: Router) -> None:
    """Every kind of transition there is, among many of the usual ones."""
    late, later, *_, failed, cancelled = work(router, 50)
    router.cancel(cancelled)
    router.failed(failed, kind="rate_limit", retry_after=2)
    target = router.report().target
    router.amend(
        slas=SLA(1.7 - target), limits=[], cooldown=7, missing="predicted", unrated="learn"
    )
    router.feedback(late, satisfied=0.5, source="judge", id="first", rater="somebody")
    for satisfied in (True, False):
        router.feedback(late, satisfied=satisfied, replace=not satisfied)
    router.observe("ai", "small", satisfied=True, cost=0.1, count=True)
    router.observe("io", "large", satisfied=True)
    router.reprice("small", 0.2)
    router.amend(audit=0.5)
    router.feedback(later, satisfied=True)
    work(router, 5)
    router.amend(audit=0.0)


def write(folder: Path, files: Files) -> None:
    """Let a folder hold these files and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _cases(home: Path, files: Files, state: bytes, numbers: range) -> int:
    return sum(_is_silent(home / "damaged", _damaged(files, number), state) for number in numbers)


def _damaged(files: Files, number: int) -> Files:
    chance = random.Random(number)
    name = sorted(files)[number % len(files)]
    if number < 2 * len(files):
        # First each is missing, then each is another's copy.
        others = {other: content for other, content in files.items() if other != name}
        return (
            others if number < len(files) else {**others, name: chance.choice([*others.values()])}
        )
    content = bytearray(files[name])
    if content:
        chance.choice(WAYS)(content, chance.randrange(len(content)), chance)
    return {**files, name: bytes(content)}


def _is_silent(folder: Path, files: Files, state: bytes) -> bool:
    write(folder, files)
    try:
        core, found = _core.Controller.recover(folder)
    except MessPlusError:
        return False
    return not found["notes"] and core.to_bytes() != state

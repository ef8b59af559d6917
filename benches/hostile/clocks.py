"""Wall clocks that jump while a router serves, and between two processes of its folder."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.folders import opened

if TYPE_CHECKING:
    from collections import Counter

    from messplus import Router

#: Seconds by which the wall clock is set: an hour and ten years, both ways.
JUMPS = (3_600, 315_360_000, -3_600, -315_360_000)
ROOT = Path(__file__).parents[2]


def library() -> str | None:
    """libfaketime (Debian: faketime), which gives one process a wall clock of its own."""
    return next(map(str, Path("/usr/lib").glob("**/libfaketime.so.1")), None)


def run(home: Path, full: bool, harm: Counter[str]) -> int:
    """Jump under load; decisions from before must take their ratings, and rests must end."""
    fake = library()
    if fake is None:
        print("clocks: libfaketime is not installed", file=sys.stderr)
        return 0
    jumps = JUMPS if full else JUMPS[1:2]
    for number, jump in enumerate(jumps):
        place = home / str(number)
        place.mkdir()
        ended = [_process(place, fake, jump, step) for step in ("jump", "reload")]
        harm["aborts"] += sum(told is None for told in ended)
        harm["lost_silently"] += sum(told or 0 for told in ended)
    return len(jumps)


def _process(place: Path, fake: str, jump: int, step: str) -> int | None:
    clock = place / "clock"
    if step == "jump":
        clock.write_text("+0")
    environment = os.environ | {
        "LD_PRELOAD": fake,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tools"), str(Path(__file__).parent)]),
    }
    command = [sys.executable, "-m", "clocks", str(place), str(jump), step]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
        return None
    return int(ended.stdout)


def _jump(place: Path, jump: int) -> int:
    """Count what is wrong: no jump, a decision forgotten, a model that rests too long or never."""
    router = opened(place / "state", cooldown=1)
    for _ in range(5):
        router.failed(router.select("a word", allowed=["small"]), "small")
    wrong = int(router.predict("a word").cooling != ("small",))
    early = [router.select("a word").id for _ in range(100)]
    before = time.time()
    (place / "clock").write_text(f"{jump:+d}")
    wrong += int(abs(time.time() - before - jump) > 60)
    for decision in early[:50]:
        router.feedback(decision, satisfied=True, cost=0.1)
    (place / "early.json").write_text(json.dumps(early[50:]))
    wrong += 50 - router.report().slas["default"].rated + _resting(router)
    router.close()
    return wrong


def _reload(place: Path, jump: int) -> int:
    """The folder was left at one time and is opened at another."""
    (place / "clock").write_text(f"{-jump:+d}")
    router = opened(place / "state", cooldown=1)
    for decision in json.loads((place / "early.json").read_text()):
        router.feedback(decision, satisfied=True, cost=0.1)
    wrong = 100 - router.report().slas["default"].rated + _resting(router)
    router.close()
    return wrong


def _resting(router: Router) -> int:
    # The library fakes what time.sleep calls, and refuses it.
    select.select([], [], [], 2.1)
    return len(router.predict("a word").cooling)


if __name__ == "__main__":
    place, jump, step = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    print({"jump": _jump, "reload": _reload}[step](place, jump))

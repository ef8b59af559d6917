"""Kills, damage, forgeries, failing disks, clocks that jump, hostile encoders; then one JSON line.

``python benches/hostile quick`` takes seconds, ``python benches/hostile full`` minutes. Everything
runs in child processes with limits on time and memory. The exit code is 1 where anything was lost
in silence, a process aborted or hung, or memory grew without bound.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import clocks
import damage
import encoders
import faults
import forged
import kills

CAMPAIGNS = {
    "kills": kills.run,
    "damaged": damage.run,
    "forged": forged.run,
    "faults": faults.run,
    "clocks": clocks.run,
    "encoders": encoders.run,
}
HARM = ("lost_silently", "aborts", "hangs", "unbounded")


def main(full: bool) -> int:
    logging.disable(logging.CRITICAL)
    start = time.monotonic()
    done: dict[str, float] = {}
    harm: Counter[str] = Counter(dict.fromkeys(HARM, 0))
    for name, run in CAMPAIGNS.items():
        with tempfile.TemporaryDirectory() as home:
            done[name] = run(Path(home), full, harm)
        print(f"{name}: {done[name]} after {time.monotonic() - start:.0f} s", file=sys.stderr)
    print(json.dumps({**done, **harm, "seconds": round(time.monotonic() - start, 1)}))
    return 1 if harm.total() else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["quick"], ["full"]):
        sys.exit("usage: python benches/hostile quick|full")
    sys.exit(main(sys.argv[1] == "full"))

"""The hostile campaign in its quick form: `make hostile` runs it in full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HARM = ("lost_silently", "aborts", "hangs", "unbounded")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_nothing_is_lost_in_silence_and_nothing_aborts() -> None:
    ended = subprocess.run(
        [sys.executable, "benches/hostile", "quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert {name: found[name] for name in HARM} == dict.fromkeys(HARM, 0), ended.stderr
    assert all(found[name] > 0 for name in ("kills", "damaged", "forged", "faults", "encoders"))
    assert found["clocks"] > 0 or "libfaketime is not installed" in ended.stderr
    assert ended.returncode == 0

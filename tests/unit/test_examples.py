"""The examples of the library alone run as they are, and show what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "core"
SHOWN = {
    "audits.py": "the audits say",
    "caps.py": "no caps: satisfied",
    "first_route.py": "certainly at least",
    "folder.py": "2 decisions, 1 rated, 1 pending",
    "limits.py": "out of reach: nothing",
    "offload.py": "message cloud",
    "replay_table.py": "known in hindsight",
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_program_runs(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert SHOWN[name] in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_every_program_is_run_and_listed() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == set(SHOWN)
    listed = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in listed] == []

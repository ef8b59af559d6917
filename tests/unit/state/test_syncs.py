"""What is on disk when a call returns, as the calls to the system show, and what snapshots cost."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.folders import opened

ROOT = Path(__file__).parents[3]
EACH = """
import os, sys
from tests.folders import opened
router = opened(sys.argv[1], durability="each")
os.write(1, b"opened")
decision = router.select("a word")
os.write(1, b"selected")
router.feedback(decision, satisfied=True, cost=0.1)
os.write(1, b"rated")
os._exit(0)
"""
PAGES = """
import sys
from pathlib import Path
from tests.folders import opened

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) << 10

n, folder = 100_000, Path(sys.argv[1])
router = opened(folder, pending_capacity=n, journal_bytes=1 << 30)
empty = peak()
for index in range(n):
    router.select("a word")
full = peak()
router.checkpoint()
print(full - empty, peak() - full, max(file.stat().st_size for file in folder.glob("snapshot-*")))
"""


def traced(tmp_path: Path, program: str) -> list[str]:
    trace = tmp_path / "trace"
    calls = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=openat,write,fsync,fdatasync"]
    command = [*calls, sys.executable, "-c", program, str(tmp_path / "state")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "ptrace" in ran.stderr and "not permitted" in ran.stderr:
        pytest.skip("no process may be traced here")
    assert ran.returncode == 0, ran.stderr
    return trace.read_text().splitlines()


def index_of(lines: list[str], pattern: str, begin: int = 0) -> int:
    return next(i for i, line in enumerate(lines) if i >= begin and re.search(pattern, line))


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_each_is_on_disk_with_its_folder_before_it_is_acknowledged(tmp_path: Path) -> None:
    lines = traced(tmp_path, EACH)
    state = re.escape(str(tmp_path / "state"))
    created = index_of(lines, rf'openat\(.*{state}/journal-1?0*1?".*O_CREAT')
    ready = index_of(lines, r'write\(1.*"opened"')
    assert created < index_of(lines, rf"fsync\(\d+<{state}>\) += 0", created) < ready
    for done in ("selected", "rated"):
        told = index_of(lines, rf'write\(1.*"{done}"')
        written = max(
            i for i in range(told) if re.search(rf"write\(\d+<{state}/journal-", lines[i])
        )
        assert ready < written
        assert index_of(lines, rf"f(data)?sync\(\d+<{state}/journal-.*= 0", written) < told
        ready = told


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_snapshot_takes_the_memory_of_one_copy(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PAGES, str(tmp_path / "state")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    held, more, size = map(int, ran.stdout.split())
    assert size > 10 << 20
    assert held > size // 2
    assert more < 1.3 * size


def test_requests_are_served_while_a_snapshot_is_written(tmp_path: Path) -> None:
    with opened(tmp_path / "state", pending_capacity=30_000, journal_bytes=1 << 30) as router:
        for _ in range(30_000):
            router.select("a word")
        snapshot = threading.Thread(target=router.checkpoint)
        snapshot.start()
        served = 0
        while snapshot.is_alive():
            router.feedback(router.select("a word"), satisfied=True, cost=0.1)
            served += 1
        assert served > 10

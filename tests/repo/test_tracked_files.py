"""What is under version control belongs to everybody: no machine, no leftovers."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Spelled so that this file does not match itself.
MACHINE_PATHS = re.compile(rb"(?<![\w./$}])/(?:home|root|work|Users|opt/[a-z]+)/[\w.]")
LEFTOVERS = re.compile(rb"^(?:<{7}|>{7}|={7})(?: |$)|\b(?:FIXME|XXX|TODO)\b", re.MULTILINE)


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [file for file in files if file.is_file() and file != Path(__file__)]


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, LEFTOVERS], ids=["paths", "leftovers"])
def test_no_tracked_file_holds(pattern: re.Pattern[bytes]) -> None:
    files = tracked()
    assert len(files) > 50
    found = []
    for file in files:
        content = file.read_bytes()
        if b"\0" in content or file.name == "vocab.txt":
            continue
        found += [f"{file.relative_to(ROOT)}: {match[0]!r}" for match in pattern.finditer(content)]
    assert found == []


@pytest.mark.parametrize("line", [b"see /home/me/x", b"'/Users/me/x'", b"cd /home/x"])
def test_the_pattern_finds_machine_paths(line: bytes) -> None:
    assert MACHINE_PATHS.search(line)


@pytest.mark.parametrize("line", [b"../home/x", b"a/home/b", b"https://x.org/home/y", b"/ home"])
def test_the_pattern_leaves_other_paths_alone(line: bytes) -> None:
    assert not MACHINE_PATHS.search(line)


def test_no_file_is_large() -> None:
    large = [file for file in tracked() if file.stat().st_size > 5 * 2**20]
    assert large == []

"""Folders that are damaged, taken away or on a full disk: what is told, what is kept."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from messplus.cli import main
from messplus.exceptions import StateError
from tests.folders import opened, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

resource = pytest.importorskip("resource", reason="needs limits on files")


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Path, bytes]:
    """A folder as a killed process leaves it after 300 records, and the state it had."""
    with opened(tmp_path / "live") as router:
        work(router, 100)
        state = router.to_bytes()
        shutil.copytree(tmp_path / "live", tmp_path / "killed")
    return tmp_path / "killed", state


def damage(path: Path, change: Callable[[bytearray], object]) -> None:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)


def wait(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.01)


def test_a_flipped_bit_loses_nothing_and_is_told(
    killed: tuple[Path, bytes], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path, state = killed
    journal = path / "journal-0000000000000001"

    def flip(content: bytearray) -> None:
        content[len(content) // 10] ^= 4

    damage(journal, flip)
    damaged = journal.read_bytes()
    assert main(["state", "verify", str(path)]) == 1
    assert "a bit of transition" in capsys.readouterr().out
    with caplog.at_level(logging.WARNING, "messplus"), opened(path) as router:
        assert router.to_bytes() == state
        assert router.recovery is not None
        (note,) = router.recovery.notes
        assert "was flipped back" in note
        assert router.report().state_errors["recovery"] == 1
    assert note in caplog.text
    assert (path / "journal-0000000000000001.aside-1").read_bytes() == damaged


def test_what_cannot_be_made_good_is_counted_and_kept(killed: tuple[Path, bytes]) -> None:
    path, _ = killed
    journal = path / "journal-0000000000000001"

    def overwrite(content: bytearray) -> None:
        middle = len(content) // 2
        content[middle : middle + 8] = b"\xa5" * 8

    damage(journal, overwrite)
    with opened(path) as router:
        assert router.recovery is not None
        found = router.recovery
        assert 100 < found.transitions < 200
        assert f"after transition {found.transitions}" in found.notes[0]
        assert "whole transitions or more among them" in found.notes[0]
        assert router.report().state_errors["recovery"] == len(found.notes)
    assert (path / "journal-0000000000000001.aside-1").exists()


def test_a_missing_journal_is_told(killed: tuple[Path, bytes]) -> None:
    path, _ = killed
    (path / "journal-0000000000000001").unlink()
    assert main(["state", "verify", str(path)]) == 1
    with opened(path) as router:
        assert router.recovery is not None
        assert "journal-0000000000000001 is missing" in router.recovery.notes


def test_names_of_somewhere_else_lead_nowhere(killed: tuple[Path, bytes]) -> None:
    path, state = killed
    (path / "journal-ffffffffffffffff").write_bytes(b"x")
    with opened(path) as router:
        assert router.to_bytes() == state
        work(router, 10)
        after = router.to_bytes()
    with opened(path) as router:
        assert router.to_bytes() == after
        assert router.recovery is not None
        assert router.recovery.notes == ()


def test_nothing_is_written_through_links(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    for name in ("lock", "snapshot.tmp", "journal.torn", "journal-0000000000000001"):
        victim.write_text("precious")
        path = tmp_path / f"state-{name}"
        path.mkdir()
        (path / name).symlink_to(victim)
        with contextlib.suppress(StateError), opened(path) as router:
            work(router, 3)
        assert victim.read_text() == "precious"


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with opened(path) as router:
        work(router, 20)
        shutil.rmtree(path)
        wait(lambda: router.report().state_errors["folder"] > 0)
        wait(lambda: any(path.glob("snapshot-*")))
        work(router, 20)
        state = router.to_bytes()
        shutil.copytree(path, tmp_path / "copy")
    with opened(tmp_path / "copy") as router:
        assert router.to_bytes() == state


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


@pytest.fixture
def full() -> Iterator[Callable[[int | None], None]]:
    """Let no file grow beyond so many bytes, as on a disk without space."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int | None) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before if size is None else (size, before[1]))

    yield limit
    limit(None)


def test_a_full_disk_fails_no_request_and_is_made_good(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, full: Callable[[int | None], None]
) -> None:
    path = tmp_path / "state"
    with opened(path) as router, caplog.at_level(logging.INFO, "messplus"):
        work(router, 4)
        full(0)
        work(router, 40)
        assert router.report().state_errors["write"] > 0
        assert len(list(path.glob("journal-*"))) == 1
        full(None)
        wait(lambda: router.select("x").step > 0 and len(errors(caplog)) == 2)
        state = router.to_bytes()
        shutil.copytree(path, tmp_path / "copy")
    lost, made_good = errors(caplog)
    assert "outcomes are kept in memory until the disk takes them" in lost
    assert "nothing is missing in it" in made_good
    with opened(tmp_path / "copy") as router:
        assert router.to_bytes() == state
        assert router.recovery is not None
        assert router.recovery.notes == ()

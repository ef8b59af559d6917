"""A folder that processes of one host share: opening, converting, kills, damage."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, ConfigError, Router, StateError
from messplus.fleet import holder, segments
from messplus.fleet.files import Files
from messplus.fleet.folder import FolderLog

from .fleets import ZOO, close, serve, settle, standing, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.queues import SimpleQueue
    from pathlib import Path

SPAWN = multiprocessing.get_context("spawn")


def opened(path: Path, **settings: Any) -> Router:
    return Router.open(path, ZOO, SLA(0.8), **settings)


def in_child(act: Callable[[], None]) -> int:
    """Do something in a forked child; how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            act()
            code = 0
        os._exit(code)
    return os.waitpid(child, 0)[1]


def test_a_sole_process_keeps_its_journal_and_a_second_one_shares(tmp_path: Path) -> None:
    state = tmp_path / "state"
    one = opened(state)
    kept = one.select("before")
    serve(one, 10)
    before = one.to_bytes()
    assert not FolderLog.is_at(state)
    assert one.report().fleet is None
    two = opened(state)
    assert FolderLog.is_at(state)
    assert two.to_bytes() == before
    two.feedback(kept.id, satisfied=True)
    settle(one, two)
    assert one.to_bytes() == two.to_bytes()
    assert one.report().rated == 11
    assert standing(one).replicas == 2
    assert {path.name for path in state.iterdir()} == {"lock", "log"}
    close(one, two)


def test_a_shared_folder_stays_shared_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    close(opened(state), opened(state))
    one, two = opened(state), opened(state)
    serve(one, 5)
    close(one, two)
    sole = Router.open(state)
    assert sole.recovery is not None
    assert sole.recovery.notes == ()
    assert sole.report().rated == 5
    assert standing(sole).replicas == 1
    modes = {path.stat().st_mode & 0o777 for path in (state / "log").iterdir()}
    assert modes == {0o600}
    assert (state / "log").stat().st_mode & 0o777 == 0o700
    close(sole)


@pytest.mark.parametrize("setting", [{"durability": "all"}, {"journal_bytes": 0}, {"seed": 1}])
def test_settings_of_shared_folders_are_checked(tmp_path: Path, setting: dict[str, Any]) -> None:
    state = tmp_path / "state"
    close(opened(state), opened(state))
    with pytest.raises(ConfigError, match=next(iter(setting))):
        opened(state, **setting)
    with opened(state) as router:
        assert standing(router).replicas == 1


def test_a_report_has_all_that_was_done_here(tmp_path: Path) -> None:
    one, two = opened(tmp_path / "state"), opened(tmp_path / "state")
    for n in range(20):
        one.feedback(one.select(f"question {n}"), satisfied=True)
        assert one.report().rated == n + 1
    close(one, two)


def _work(path: Path, number: int, results: SimpleQueue[int]) -> None:
    router = opened(path)
    for n in range(40):
        router.feedback(router.select(f"{number}: {n}"), satisfied=True)
    results.put(number)
    if number % 2 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    router.close()


@pytest.mark.parametrize("exists", [False, True])
def test_processes_that_open_at_the_same_moment_lose_nothing(tmp_path: Path, exists: bool) -> None:
    state = tmp_path / "state"
    if exists:
        close(opened(state))
    results = SPAWN.SimpleQueue()
    processes = [SPAWN.Process(target=_work, args=(state, n, results)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [-signal.SIGKILL, 0, -signal.SIGKILL, 0]
    with Router.open(state) as router:
        report = router.report()
        assert (report.decisions, report.rated) == (160, 160)


@pytest.mark.parametrize("durability", ["group", "each", "none"])
def test_a_killed_replica_loses_nothing_it_returned(tmp_path: Path, durability: str) -> None:
    state = tmp_path / "state"
    one = opened(state, durability=durability)

    def be_killed() -> None:
        # The child is a replica of its own: the fork has shared the folder.
        serve(one, 100)
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(be_killed) == signal.SIGKILL
    until(lambda: one.report().rated == 100)
    until(lambda: not list((state / "log").glob("spool-*")))
    one.close()


def test_what_the_last_replica_left_is_found_by_the_next(tmp_path: Path) -> None:
    state = tmp_path / "state"

    def be_killed() -> None:
        # Frozen logs take nothing: all of it is in spools.
        one, two = opened(state), opened(state)
        lock = Files(state / "log").open("lock", write=True, make=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        serve(one, 30)
        serve(two, 30)
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(be_killed) == signal.SIGKILL
    with Router.open(state) as router:
        assert router.report().rated == 60


def _sharing_killed_at(state: Path, step: int) -> Callable[[], None]:
    """Share a folder, and be killed at the n-th call that touches files."""
    left = [step]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    def act() -> None:
        router = opened(state)
        serve(router, 5)
        for name in ("open", "fsync", "rename", "unlink", "pwrite", "mkdir", "write"):
            setattr(os, name, counted(getattr(os, name)))
        holder.ask(state)
        until(lambda: router.report().fleet is not None)
        serve(router, 5)

    return act


def test_a_crash_at_any_moment_of_the_conversion_loses_nothing(tmp_path: Path) -> None:
    kept: set[int] = set()
    shared: set[int] = set()
    for step in range(1, 200):
        state = tmp_path / str(step)
        ended = in_child(_sharing_killed_at(state, step))
        (shared if FolderLog.is_at(state) else kept).add(step)
        with opened(state) as router:
            rated = router.report().rated
            # Once it is shared the router serves on, and is killed in the midst of that.
            assert 5 <= rated <= (10 if FolderLog.is_at(state) else 5)
            serve(router, 1)
        if ended == 0:
            break
    assert kept
    assert len(shared) > 5
    assert max(kept) < min(shared)


def test_a_forked_child_can_decide_while_its_parent_serves_on(tmp_path: Path) -> None:
    router = opened(tmp_path / "state")
    serve(router, 10)

    def act() -> None:
        def grandchild() -> None:
            serve(router, 10)
            router.close()

        serve(router, 10)
        assert in_child(grandchild) == 0
        router.close()

    assert in_child(act) == 0
    serve(router, 10)
    until(lambda: router.report().rated == 40)
    assert router.report().decisions == 40
    router.close()


def test_a_half_written_batch_is_cut_off(tmp_path: Path) -> None:
    one, two = opened(tmp_path / "state"), opened(tmp_path / "state")
    serve(one, 10)
    settle(one, two)
    files = Files(tmp_path / "state" / "log")
    segment = tmp_path / "state" / "log" / segments.name(0)
    with segment.open("ab") as file:
        file.write(segments.frame(b"12345678", b"x" * 1000)[:500])
    serve(two, 10)
    settle(one, two)
    assert one.report().rated == 20
    assert standing(one).damaged == 0
    assert one.to_bytes() == two.to_bytes()
    files.close()
    close(one, two)


def test_damage_in_the_middle_costs_one_batch_or_none(tmp_path: Path) -> None:
    state = tmp_path / "state"
    one, two = opened(state), opened(state)
    for _ in range(6):
        serve(one, 1)
        settle(one, two)
    close(one, two)
    segment = state / "log" / segments.name(0)
    sound = segment.read_bytes()
    cursor = segments.Cursor(Files(state / "log"), 0)
    begins = [cursor.offset]
    while cursor.read(until=cursor.mark.position + 1):
        begins.append(cursor.offset)
    cursor.close()
    # In a batch: it is passed over.
    content = bytearray(sound)
    content[begins[2] + 40] ^= 1
    segment.write_bytes(content)
    with opened(state) as router:
        assert standing(router).damaged == 1
        assert 4 <= router.report().rated <= 5
        serve(router, 1)
    # In the length of one: what comes after it is entered anew.
    content = bytearray(sound)
    content[begins[2] + 6] ^= 1
    segment.write_bytes(content)
    with opened(state) as router:
        serve(router, 1)
        router.checkpoint()
        assert 5 <= router.report().rated <= 6
    assert list((state / "log").glob("*.aside-1"))


def test_a_lost_segment_or_snapshot_costs_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messplus.fleet.member.SNAPSHOT_EVERY", 3)
    monkeypatch.setattr("messplus.fleet.member.SNAPSHOT_PAUSE", 0.0)
    state = tmp_path / "state"
    one, two = opened(state), opened(state)
    for _ in range(20):
        serve(one, 1)
        settle(one, two)
    close(one, two)
    newest = max((state / "log").glob("snapshot-*"))
    newest.write_bytes(b"damaged")
    with opened(state) as router:
        assert router.report().rated == 20
    for segment in (state / "log").glob("segment-*"):
        segment.unlink()
    with opened(state) as router:
        assert 0 < router.report().rated <= 20
        before = router.report().rated
        serve(router, 5)
        router.checkpoint()
        assert router.report().rated == before + 5
    for snapshot in (state / "log").glob("snapshot-*"):
        snapshot.write_bytes(b"damaged")
    with pytest.raises(StateError, match="must hold a sound snapshot"):
        opened(state)


def test_links_are_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    state = tmp_path / "state"
    state.mkdir()
    (state / "log").symlink_to(tmp_path)
    with pytest.raises(StateError, match="must hold a sound log"):
        opened(state)
    (state / "log").unlink()
    one, two = opened(state), opened(state)
    serve(one, 1)
    close(one, two)
    for name in ("lock", segments.name(0)):
        kept = (state / "log" / name).read_bytes()
        (state / "log" / name).unlink()
        (state / "log" / name).symlink_to(victim)
        with suppress(StateError):
            close(opened(state))
        (state / "log" / name).unlink(missing_ok=True)
        (state / "log" / name).write_bytes(kept)
    assert victim.read_bytes() == b"precious"


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = opened(tmp_path / "state"), opened(tmp_path / "state")
    with monkeypatch.context() as patch:

        def refuse(*_: object) -> int:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "pwrite", refuse)
        serve(one, 10)
        until(lambda: standing(one).error is not None)
        assert one.report().rated == 0
    until(lambda: two.report().rated == 10)
    close(one, two)


def test_a_private_folder_that_cannot_be_shared_stays_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    one = opened(state)
    monkeypatch.setattr("messplus.fleet.sharing.PATIENCE", 0.2)
    with monkeypatch.context() as patch:
        patch.setattr("messplus.fleet.folder.FolderLog.begin", _refuse)
        with pytest.raises(StateError, match="did not share it within"):
            opened(state)
    serve(one, 10)
    assert one.report().fleet is None
    one.close()
    assert not FolderLog.is_at(state)
    with opened(state) as router:
        assert router.report().rated == 10


def _refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_log_that_is_removed_begins_anew(tmp_path: Path) -> None:
    state = tmp_path / "state"
    one, two = opened(state), opened(state)
    serve(one, 10)
    settle(one, two)
    shutil.rmtree(state)
    serve(two, 10)
    settle(one, two)
    assert one.report().rated == two.report().rated == 20
    close(one, two)
    with Router.open(state) as router:
        assert router.report().rated == 20

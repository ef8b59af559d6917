"""Routers that live in a folder: restarts, crashes, second owners, forks, failing disks."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from messplus import (
    SLA,
    ConfigError,
    FeedbackError,
    Limit,
    Router,
    StateError,
    StateLockedError,
)
from tests.folders import MODELS, Letters, opened, work

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue


def test_goes_on_after_a_restart_bit_for_bit(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as router:
        assert router.recovery is None
        late = work(router, 20)
        before = router.to_bytes()
    with opened(tmp_path / "state") as router:
        assert router.recovery is not None
        assert router.recovery.transitions in (61, 62)  # with the minutes
        assert router.recovery.notes == ()
        assert router.to_bytes() == before
        router.feedback(late[3], satisfied={"large": True})
        with pytest.raises(FeedbackError):
            router.feedback(late[3], satisfied={"large": True})


def test_settings_may_be_left_out_where_there_is_a_router(tmp_path: Path) -> None:
    opened(tmp_path / "state").close()
    with Router.open(tmp_path / "state", featurizer=Letters()) as router:
        assert router.report().target == 0.9
    with pytest.raises(ConfigError, match="models: must be given where the folder holds no router"):
        Router.open(tmp_path / "other")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pending_age": 9}, "operation: must be as in"),
        ({"limits": [Limit("cost", 9.0)]}, "limits: must be as in"),
        ({"seed": 1}, "seed: must be as in"),
        ({"durability": "all"}, 'durability: must be one of group, each, none, got "all"'),
    ],
)
def test_other_settings_are_refused_and_change_nothing(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with opened(tmp_path / "state") as router:
        work(router, 3)
        before = router.to_bytes()
    with pytest.raises(ConfigError, match=words):
        opened(tmp_path / "state", **changes)
    with opened(tmp_path / "state") as router:
        assert router.to_bytes() == before


def test_another_featurizer_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "state").close()
    other = Letters()
    other.identity = "other"
    with pytest.raises(StateError, match=r"must be 'letters.*' as in the state, got 'other"):
        opened(tmp_path / "state", featurizer=other)
    opened(tmp_path / "state").close()


def test_a_holder_that_does_not_share_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messplus.fleet.sharing.PATIENCE", 0.1)
    monkeypatch.setattr("messplus.fleet.holder.Holder.is_asked", lambda _: False)
    with (
        opened(tmp_path / "state"),
        pytest.raises(StateLockedError, match=f"held by process {os.getpid()}, which did not"),
    ):
        opened(tmp_path / "state")
    opened(tmp_path / "state").close()


def test_files_are_the_owners_only(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as router:
        router.checkpoint()
        modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
        assert modes == {0o600}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_closed_router_routes_on_and_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    router = opened(tmp_path / "state")
    router.close()
    router.close()
    with caplog.at_level(logging.ERROR, "messplus"):
        work(router, 2)
    assert router.report().state_errors["closed"] == 6
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'state'}: a closed router routes on in memory, unrecorded"
    ]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("durability", ["group", "each", "none"])
def test_a_killed_process_loses_nothing_it_returned(tmp_path: Path, durability: str) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "from tests.folders import opened, work\n"
        f"router = opened(Path(sys.argv[1]), durability={durability!r}, journal_bytes=5000)\n"
        "print(work(router, 100)[-1], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    state = tmp_path / "state"
    ended = subprocess.run(
        [sys.executable, "-c", script, str(state)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    reference = Router(MODELS, SLA(0.9), tag_features=0, featurizer=Letters())
    work(reference, 100)
    with opened(state) as router:
        assert router.report().decisions == 200
        assert router.report().models == reference.report().models
        router.feedback(ended.stdout.strip(), satisfied=True)


def _in_child(router: Router, results: SimpleQueue[tuple[int, int]]) -> None:
    work(router, 5)
    results.put((router.report().state_errors["forked"], router.report().decisions))
    router.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_shares_the_folder(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as router:
        work(router, 5)
        context = multiprocessing.get_context("fork")
        results = context.SimpleQueue()
        child = context.Process(target=_in_child, args=(router, results))
        child.start()
        assert results.get() == (0, 20)
        child.join(30)
        assert child.exitcode == 0
        work(router, 5)
        assert router.report().decisions == 30
        before = router.to_bytes()
    with opened(tmp_path / "state") as router:
        assert router.to_bytes() == before


def test_a_folder_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with opened(Path("state")) as router:
        monkeypatch.chdir(tmp_path / "elsewhere")
        router.select("x")
        router.checkpoint()
    assert not (tmp_path / "elsewhere" / "state").exists()
    with opened(tmp_path / "state") as again:
        assert again.report().decisions == 1

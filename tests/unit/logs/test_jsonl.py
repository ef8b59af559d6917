"""The log of decisions: what it says, what it never says, and that it fails nobody."""

from __future__ import annotations

import io
import json
import logging
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import FeedbackError, Model, Policy, Router
from tests.zoo import MODELS, StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_joins_decisions_with_what_became_of_them(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    router = make_router(log=path)
    decision = router.select("a secret prompt", tags={"tenant": "secret"})
    router.feedback(decision, satisfied=MappingProxyType({decision.model: float(np.float32(0.5))}))
    router.feedback(decision.id, cost=2.0, latency=0.5)
    router.failed(decision)
    made, rated, costed, failed = lines(path)
    assert made["event"] == "decision"
    for name in ("model", "reason", "step", "p_satisfied", "expected_cost", "score"):
        assert made[name] == getattr(decision, name)
    assert tuple(made["ranking"]) == decision.ranking
    assert rated["satisfied"] == {decision.model: 0.5}
    assert (costed["cost"], costed["latency"]) == (2.0, 0.5)
    assert "satisfied" not in costed
    assert failed["event"] == "failure"
    assert failed["model"] == decision.model
    assert {line["id"] for line in (made, rated, costed, failed)} == {decision.id}
    assert "secret" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_refused_feedback_is_not_logged(tmp_path: Path) -> None:
    router = make_router(log=tmp_path / "log")
    decision = router.select("x")
    router.feedback(decision, satisfied=True)
    with pytest.raises(FeedbackError):
        router.feedback(decision, satisfied=False)
    assert [line["event"] for line in lines(tmp_path / "log")] == ["decision", "outcome"]


def test_every_way_to_get_a_router_takes_a_log(tmp_path: Path) -> None:
    log, featurizer = tmp_path / "log", StubFeaturizer()
    router = make_router()
    router.save(tmp_path / "saved")
    Router.from_bytes(router.to_bytes(), featurizer=featurizer, log=log).select("x")
    Router.load(tmp_path / "saved", featurizer=featurizer, log=log).select("x")
    with Router.open(
        tmp_path / "folder", MODELS, make_sla(), featurizer=featurizer, log=log
    ) as opened:
        opened.select_many(["x", "y"])
    settings = {"models": [{"name": "a", "cost": 1}], "sla": {"target": 0.5}}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    Router.from_config(tmp_path / "settings.json", featurizer=featurizer, log=log).select("x")
    assert len(lines(log)) == 5


def make_sla() -> Any:
    from messplus import SLA

    return SLA(0.7)


def test_a_log_that_cannot_be_written_fails_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    router = make_router(log=tmp_path / "missing" / "log")
    with caplog.at_level(logging.ERROR, "messplus"):
        for _ in range(3):
            router.feedback(router.select("x"), satisfied=True)
    assert router.report().state_errors["log"] == 6
    assert len(caplog.records) == 1
    (tmp_path / "missing").mkdir()
    router.select("x")
    assert len(lines(tmp_path / "missing" / "log")) == 1


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000])
def test_a_log_that_cannot_be_named_fails_nobody(tmp_path: Path, name: str) -> None:
    router = make_router(log=str(tmp_path / name))
    router.feedback(router.select("x"), satisfied=True)
    assert router.report().state_errors["log"] == 2


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    models = [Model("small", cost=1e9), Model("large", cost=3e10)]
    log = tmp_path / "log"
    router = Router(models, make_sla(), Policy.paper(v=1e308), featurizer=StubFeaturizer(), log=log)
    assert set(router.select("x").score.values()) == {float("inf")}
    (line,) = log.read_text().splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["score"] == {"small": None, "large": None}


def test_goes_on_in_a_new_file_when_the_old_one_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "log"
    router = make_router(log=path)
    router.select("x")
    path.rename(tmp_path / "log.1")
    router.select("y")
    (tmp_path / "log.1").unlink()
    assert [line["step"] for line in lines(path)] == [2]


def test_a_full_disk_fails_nobody_and_leaves_no_half_line_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    router = make_router(log=path)
    router.select("x")
    file = router._log._file  # type: ignore[union-attr]

    class Full(io.TextIOWrapper):
        def flush(self) -> None:
            raise OSError("no space left")

    with path.open("ab") as raw, monkeypatch.context() as patch:
        patch.setattr(file, "stream", Full(raw))
        router.select("y")
    router.select("z")
    assert router.report().state_errors["log"] == 1
    assert [line["step"] for line in lines(path)] == [1, 3]


def test_a_line_cut_short_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text('{"event": "deci')
    make_router(log=path).select("x")
    assert json.loads(path.read_text().splitlines()[1])["step"] == 1


@pytest.mark.timeout(60)
def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    router = make_router(log=path)

    def work() -> None:
        for _ in range(200):
            router.feedback(router.select("x"), satisfied=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(path)
    assert len(found) == 1600
    assert sorted(line["step"] for line in found if "step" in line) == list(range(1, 801))

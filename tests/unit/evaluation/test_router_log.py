"""A router's own log and folder are logs."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

import messplus
from messplus import InputError, Router
from messplus.cli import main
from messplus.evaluation.router_log import read_router_log
from messplus.logs import JsonlLog
from tests.zoo import MODELS, StubFeaturizer

if TYPE_CHECKING:
    from pathlib import Path

P = {"small": 0.5, "medium": 0.7, "large": 0.95}
COST = {"small": 1.0, "medium": 2.5, "large": 10.0}


def serve(router: Router, n: int, seed: int = 0) -> None:
    chance = random.Random(seed)
    for index in range(n):
        decision = router.select(f"prompt {index}", session=f"s{index // 2}")
        good = chance.random() < P[decision.model]
        rated = index % 2 == 0
        cost = COST[decision.model]
        router.feedback(decision, good if rated else None, cost=cost)


def test_a_folder_is_a_log(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with Router.open(
        folder, MODELS, messplus.SLA(0.8), featurizer=StubFeaturizer(), epsilon=0.3, seed=1
    ) as router:
        serve(router, 1500)
        during = read_router_log(folder)
    columns = read_router_log(folder)
    names = [name for name in columns if name != "features"]
    assert [columns[name] for name in names] == [during[name] for name in names]
    assert len(columns["model"]) == 1500
    assert all(0.0999 < p <= 1.0 for p in columns["propensity"])
    assert len(set(columns["session"])) == 750
    found = messplus.evaluate(folder, policies=["single:large"])
    assert found.propensities == "logged"
    assert found.rated == 750
    assert found.rows[-1].satisfaction.estimate == pytest.approx(0.95, abs=0.07)


def test_the_command_reads_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "state"
    with Router.open(
        folder, MODELS, messplus.SLA(0.8), featurizer=StubFeaturizer(), epsilon=0.5, seed=2
    ) as router:
        serve(router, 600)
    assert main(["evaluate", str(folder), "--policy", "single:large"]) == 0
    assert f"{folder}: 600 requests, 300 rated; propensities as logged" in capsys.readouterr().out


def test_lines_are_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    router = Router(
        MODELS,
        messplus.SLA(0.8),
        featurizer=StubFeaturizer(),
        epsilon=0.3,
        seed=3,
        log=JsonlLog(path, features=True),
    )
    serve(router, 1000)
    columns = read_router_log(path)
    assert len(columns["model"]) == 1000
    found = messplus.evaluate(path, policies=["single:large"])
    assert found.rows[-1].satisfaction.estimate == pytest.approx(0.95, abs=0.08)


def test_lines_without_features_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    router = Router(MODELS, messplus.SLA(0.8), featurizer=StubFeaturizer(), log=path)
    router.select("x")
    with pytest.raises(InputError, match=r"line 1: must have features: write the log with"):
        messplus.evaluate(path)


def test_lines_that_are_no_events_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"event": "decision", "id": "a", "features": [1.0]}) + "\n{oops\n")
    with pytest.raises(InputError, match=r"line 2: must be JSON, got"):
        messplus.evaluate(path)


def test_answers_of_another_model_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    router = Router(
        MODELS,
        messplus.SLA(0.8),
        featurizer=StubFeaturizer(),
        log=JsonlLog(path, features=True),
    )
    first, second = router.select("one"), router.select("two")
    other = next(name for name in P if name != first.model)
    router.feedback(first, satisfied={other: True}, cost={other: 1.0})
    router.feedback(second, satisfied=True, cost=1.0)
    assert read_router_log(path)["id"] == [second.id]

"""``epsilon``: known propensities, and what they cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from messplus import ConfigError, Policy, Router
from messplus.logs import JsonlLog
from tests.zoo import NAMES, make_router

if TYPE_CHECKING:
    from pathlib import Path


def test_off_by_default_and_then_certain() -> None:
    router = make_router(Policy.default())
    assert {router.select(f"prompt {n}").propensity for n in range(50)} == {1.0}
    assert router.report().randomisation is None


def test_every_model_is_served_with_the_propensity_told() -> None:
    router = make_router(Policy.default(exploration=0.0), epsilon=0.3, seed=2)
    decisions = [router.select(f"prompt {n}") for n in range(4000)]
    for name in NAMES:
        weight = sum(1.0 / d.propensity for d in decisions if d.model == name) / 4000
        # Three standard errors: 3 sqrt(1 / (0.1 4000)) = 0.15.
        assert weight == pytest.approx(1.0, abs=0.15)
    report = router.report().randomisation
    assert report is not None
    assert report.epsilon == 0.3
    assert report.requests == sum(d.propensity == pytest.approx(0.1) for d in decisions)


def test_it_is_part_of_the_state(tmp_path: Path) -> None:
    router = make_router(epsilon=0.5)
    router.select("x")
    router.save(tmp_path / "saved")
    from tests.zoo import StubFeaturizer

    found = Router.load(tmp_path / "saved", featurizer=StubFeaturizer())
    report, before = found.report().randomisation, router.report().randomisation
    assert report is not None
    assert report == before


@pytest.mark.parametrize("epsilon", [-0.1, 1.5, float("nan")])
def test_refuses_shares_out_of_range(epsilon: float) -> None:
    with pytest.raises(ConfigError, match="epsilon"):
        make_router(epsilon=epsilon)


def test_the_log_tells_what_evaluations_need(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    router = make_router(epsilon=0.5, log=JsonlLog(path, features=True))
    decision = router.select("x", sla="default")
    router.feedback(decision, satisfied=True, source="judge")
    made, rated = map(json.loads, path.read_text().splitlines())
    assert made["propensity"] == decision.propensity
    assert made["sla"] == "default"
    assert made["audit"] is False
    assert len(made["features"]) > 0
    assert rated["source"] == "judge"

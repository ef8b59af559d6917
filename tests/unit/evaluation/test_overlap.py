"""Where a log cannot answer, it is said, and why; where it can, nothing is."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import messplus
from messplus.cli import main
from messplus.evaluation.nuisances import fit_nuisances
from messplus.evaluation.request_log import read_log

if TYPE_CHECKING:
    from pathlib import Path

    from messplus.evaluation import PolicyEstimate

Row = dict[str, Any]


def log_by_rule(n: int, seed: int) -> list[Row]:
    """Proofs go to the large model, greetings to the small one: never the other way."""
    chance = random.Random(seed)
    found = []
    for index in range(n):
        hard = chance.random() < 0.5
        text = "prove the theorem step by step" if hard else "say hello to"
        found.append(
            {
                "prompt": f"{text} {index}",
                "model": "large" if hard else "small",
                "cost": 1.0 if hard else 0.1,
                "satisfied": int(chance.random() < 0.9),
            }
        )
    return found


def log_by_dice(n: int, seed: int, small: float = 0.5, *, told: bool = True) -> list[Row]:
    chance = random.Random(seed)
    found: list[Row] = []
    for row in log_by_rule(n, seed):
        model = "small" if chance.random() < small else "large"
        propensity = {"propensity": small if model == "small" else 1.0 - small} if told else {}
        found.append({**row, "model": model, "cost": 0.1 if model == "small" else 1.0} | propensity)
    return found


def only(log: list[Row], policy: str) -> PolicyEstimate:
    return messplus.evaluate(log, policies=[policy]).rows[-1]


@pytest.mark.parametrize("seed", range(5))
def test_a_rule_tells_nothing_of_the_other_choice(seed: int) -> None:
    row = only(log_by_rule(1500, seed), "single:small")
    assert row.warned
    assert row.satisfaction.estimate is None
    assert row.cost == (None, None, None)
    assert "of these ever went to 'small', which it would have called" in row.warnings[0]
    # The other half may be as good or bad as it likes.
    low, high = row.satisfaction.low, row.satisfaction.high
    assert low is not None
    assert high is not None
    assert high - low > 0.4
    assert low < 0.9 < high


@pytest.mark.parametrize("told", [True, False])
def test_dice_tell_of_both(told: bool) -> None:
    found = messplus.evaluate(log_by_dice(1500, 1, told=told), policies=["single:small"])
    assert found.propensities == ("logged" if told else "estimated")
    assert not found.warned
    assert [one.supported for one in found.models] == [1.0, 1.0]
    low, high = found.rows[-1].satisfaction[1:]
    assert low is not None
    assert high is not None
    assert low < 0.9 < high


def test_a_handful_of_ratings_is_no_answer() -> None:
    log = log_by_dice(1500, 2, small=0.01)
    row = only(log, "single:small")
    assert row.warned
    assert "effective ratings, 30 are needed" in row.warnings[-1]
    assert not only(log, "single:large").warned


def test_the_exit_code_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "log.jsonl", tmp_path / "out.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in log_by_rule(1500, 3)))
    asked = ["evaluate", str(path), "--policy", "single:small", "--json", str(out)]
    assert main(asked) == 3
    assert "single:small: the log cannot answer: no request like" in capsys.readouterr().out
    row = json.loads(out.read_text())["rows"][-1]
    assert row["warned"]
    assert row["satisfaction"]["estimate"] is None


def test_estimated_propensities_find_the_rule() -> None:
    log = read_log(log_by_rule(800, 4))
    found = fit_nuisances(log, np.random.default_rng(0))
    # Of a rule that is plain to see, the other choice has next to no chance.
    assert found.propensity.mean() > 0.97
    assert found.supported.mean() == pytest.approx(0.5, abs=0.03)


def test_estimated_propensities_find_the_dice() -> None:
    log = read_log(log_by_dice(3000, 5, small=0.3, told=False))
    found = fit_nuisances(log, np.random.default_rng(0))
    small = log.model == log.models.index("small")
    assert found.propensity[small].mean() == pytest.approx(0.3, abs=0.03)
    assert found.propensity[~small].mean() == pytest.approx(0.7, abs=0.03)
    assert found.supported.all()


def test_sessions_are_never_split_between_fit_and_prediction() -> None:
    """Rows of one session are copies: predictions of one must not have seen the others."""
    rng = np.random.default_rng(6)
    features = np.repeat(rng.normal(size=(40, 30)), 10, axis=0)
    label = np.repeat(rng.random(40) < 0.5, 10)
    log: Row = {
        "features": features.tolist(),
        "model": ["small", "large"] * 200,
        "satisfied": label.astype(float).tolist(),
        "cost": [1.0] * 400,
    }
    together = {**log, "session": np.repeat(np.arange(40), 10).tolist()}
    errors = []
    for given in (log, together):
        read = read_log(given)
        found = fit_nuisances(read, np.random.default_rng(0))
        errors.append(float(np.abs(found.satisfaction.mean(axis=1) - label).mean()))
    # Labels are noise: what is better than a coin was copied.
    assert errors[0] < 0.3
    assert errors[1] > 0.4


def test_only_audits_are_trusted_where_there_are_some() -> None:
    """Users complain and never praise; every tenth answer is audited."""
    chance = random.Random(7)
    log = log_by_dice(4000, 7)
    for row in log:
        good = row["satisfied"]
        row["satisfied"], row["source"] = None, None
        if chance.random() < 0.2:
            row["satisfied"], row["source"] = good, "audit"
        elif not good and chance.random() < 0.5:
            row["satisfied"], row["source"] = 0, "user"
    found = messplus.evaluate(log, policies=["single:large"])
    assert found.trusted == ("audit",)
    assert found.sources["user"][0] == 0.0
    assert found.rows[-1].satisfaction.estimate == pytest.approx(0.9, abs=0.05)
    everyone = messplus.evaluate(log, policies=["single:large"], trust=["audit", "user"])
    assert (everyone.rows[-1].satisfaction.estimate or 0.0) < 0.8

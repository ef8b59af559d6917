"""Policies that learn, and the frozen one: in the world they were simulated from."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import messplus
from messplus.cli import main

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]
POLICIES = ["default", "frozen:default", "static-mix", "random"]


def log(n: int = 2500, seed: int = 0) -> list[Row]:
    """Two kinds of prompts, of which the small model manages one: 0.9 and 0.3 against 0.95."""
    chance = random.Random(seed)
    found: list[Row] = []
    for index in range(n):
        hard, model = chance.random() < 0.4, chance.choice(["small", "large"])
        p = (0.3 if hard else 0.95) if model == "small" else 0.95
        text = "prove the theorem step by step" if hard else "say hello to"
        found.append(
            {
                "prompt": f"{text} {index}",
                "model": model,
                "cost": 0.1 if model == "small" else 1.0,
                "propensity": 0.5,
                "satisfied": int(chance.random() < p),
            }
        )
    return found


@pytest.fixture(scope="module")
def found() -> messplus.evaluation.Evaluation:
    return messplus.evaluate(log(), targets=[0.85], policies=POLICIES)


def test_rows_are_those_asked_for(found: messplus.evaluation.Evaluation) -> None:
    assert [(row.policy, row.target, row.kind) for row in found.rows] == [
        ("logged", None, "logged"),
        ("default", 0.85, "learning"),
        ("frozen:default", 0.85, "fixed"),
        ("static-mix", 0.85, "fixed"),
        ("random", None, "fixed"),
    ]
    assert not found.warned


def test_what_was_done_is_told_as_it_was(found: messplus.evaluation.Evaluation) -> None:
    rows = log()
    logged = found.rows[0]
    assert logged.satisfaction.estimate == pytest.approx(
        sum(row["satisfied"] for row in rows) / len(rows)
    )
    assert logged.cost.estimate == pytest.approx(sum(row["cost"] for row in rows) / len(rows))


def test_the_router_beats_the_blind_mixture(found: messplus.evaluation.Evaluation) -> None:
    """At 0.85 it sends hard prompts alone to the large model; a blind mixture cannot tell."""
    by_name = {row.policy: row for row in found.rows}
    for name in ("default", "frozen:default", "static-mix"):
        assert by_name[name].satisfaction.estimate == pytest.approx(0.85, abs=0.03)
    # 0.69 of the small model alone, 0.95 of the large one: 62 % large.
    assert by_name["static-mix"].cost.estimate == pytest.approx(0.65, abs=0.08)
    # 25 % of the requests, all of them hard, want the large model.
    assert by_name["frozen:default"].cost.estimate == pytest.approx(0.32, abs=0.06)
    assert (by_name["default"].cost.estimate or 9.0) < 0.6


def test_learning_costs_more_than_what_was_learned(
    found: messplus.evaluation.Evaluation,
) -> None:
    by_name = {row.policy: row for row in found.rows}
    learning, frozen = by_name["default"].cost, by_name["frozen:default"].cost
    assert (learning.high or 0.0) > (frozen.estimate or 9.0)
    assert learning.low is not None


def test_the_same_seed_gives_the_same_numbers(found: messplus.evaluation.Evaluation) -> None:
    again = messplus.evaluate(log(), targets=[0.85], policies=POLICIES)
    assert again.to_dict() == found.to_dict()
    other = messplus.evaluate(log(), targets=[0.85], policies=POLICIES, seed=1)
    assert other.to_dict() != found.to_dict()


def test_a_target_beyond_reach_is_not_claimed() -> None:
    row = messplus.evaluate(log(), targets=[0.999], policies=["frozen:default"]).rows[-1]
    assert (row.satisfaction.estimate or 1.0) < 0.98


def test_json_has_the_documented_fields(tmp_path: Path) -> None:
    path, out, plot = tmp_path / "log.jsonl", tmp_path / "out.json", tmp_path / "plot.svg"
    path.write_text("".join(json.dumps(row) + "\n" for row in log(800)))
    asked = ["evaluate", str(path), "--target", "0.8:0.9:0.05", "--json", str(out)]
    assert main([*asked, "--policy", "static-mix", "--plot", str(plot)]) == 0
    rows = json.loads(out.read_text())["rows"]
    assert [row["target"] for row in rows] == [None, 0.8, 0.85, 0.9]
    for row in rows:
        assert {"policy", "target", "satisfaction", "cost", "ess", "warned"} <= set(row)
        for outcome in ("satisfaction", "cost"):
            low, middle, high = (row[outcome][end] for end in ("low", "estimate", "high"))
            assert low <= middle <= high
    estimators = rows[1]["estimators"]["satisfaction"]
    assert set(estimators) == {"doubly robust", "switch", "snips", "direct"}
    assert plot.read_text().startswith("<?xml")


def test_missing_costs_count_as_their_like() -> None:
    rows = log(2000)
    for row in rows[::2]:
        row["cost"] = None
    found = messplus.evaluate(rows, policies=["single:large"])
    assert found.rows[-1].cost.estimate == pytest.approx(1.0, rel=0.02)
    assert found.rows[0].cost.estimate == pytest.approx(0.55, rel=0.1)


def test_a_table_of_columns_says_the_same_as_records() -> None:
    rows = log(600)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert (
        messplus.evaluate(columns, policies=["single:small"]).to_dict()
        == messplus.evaluate(rows, policies=["single:small"]).to_dict()
    )

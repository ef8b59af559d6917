"""What ``make evidence`` measures, on few small logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benches.python.evidence.logs import LOGGINGS, Logging, make_log
from benches.python.evidence.measure import Case, measure
from benches.python.evidence.summary import summarise
from messplus.replay import Table, load_table
from messplus.replay.features import policy_features

if TYPE_CHECKING:
    from collections.abc import Callable

Features = np.ndarray[Any, np.dtype[np.float32]]


def made_up() -> tuple[Table, Features]:
    """Requests of which it is plain whether the small model manages them, and how long they are."""
    rng = np.random.default_rng(0)
    hard = rng.random(2000) < 0.5
    p = np.column_stack([np.where(hard, 0.3, 0.9), np.full(2000, 0.9)])
    scores = (rng.random((2000, 2)) < p).astype(float)
    costs = np.broadcast_to([1.0, 10.0], (2000, 2)) * rng.uniform(0.8, 1.2, (2000, 1))
    prompts = ["x" * int(length) for length in rng.integers(1, 20, 2000) + 20 * hard]
    table = Table(Path("made/up.csv"), prompts, None, ("small", "large"), scores, costs, "cost")
    length = np.array([len(prompt) for prompt in prompts])
    return table, np.column_stack([hard, length / 20.0 - 1.0]).astype(np.float32)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    table, features = made_up()
    cases = [Case("made up", logging, 0.5, (0.8,), seed) for seed, logging in enumerate(LOGGINGS)]
    return [row for case in cases for row in measure(case, table, features, 3000)]


def test_every_policy_is_judged_beside_its_truth(rows: list[dict[str, Any]]) -> None:
    fields = {"table", "logging", "rated", "policy", "target"}
    fields |= {"estimate", "low", "high", "truth", "warned"}
    assert all(fields <= set(row) for row in rows)
    assert {row["policy"] for row in rows} == {
        "default",
        "frozen:default",
        "static-mix",
        "single:large",
        "single:small",
    }
    known = [row for row in rows if row["overlap"] == "holds" and not row["warned"]]
    assert len(known) >= 12
    assert all(abs(row["estimate"] - row["truth"]) < 0.1 for row in known)
    assert sum(row["low"] <= row["truth"] <= row["high"] for row in known) >= len(known) - 2


def test_a_rule_on_the_prompt_is_refused(rows: list[dict[str, Any]]) -> None:
    by_rule = [row for row in rows if row["logging"] == "length" and row["overlap"] == "fails"]
    assert {row["policy"] for row in by_rule} >= {"single:small", "single:large"}
    assert all(row["warned"] and row["estimate"] is None for row in by_rule)


def test_the_summary_counts_them(rows: list[dict[str, Any]]) -> None:
    text, figures = summarise(rows)
    assert "logging length" in text
    assert figures["refused_where_overlap_fails"] == 1.0
    assert figures["refused_where_it_holds"] <= 0.1
    assert figures["coverage"] >= 0.8
    shifted = [{**row, "truth": row["truth"] + 0.5} for row in rows]
    assert summarise(shifted)[1]["coverage_satisfaction"] == 0.0


@pytest.mark.parametrize("logging", LOGGINGS)
def test_logs_are_what_they_are_called(logging: Logging) -> None:
    table, features = made_up()
    made = make_log(table, features, 4000, logging, "biased", 0.8, 1)
    log, small = made.log, made.log.models.index("small")
    share = float((log.model == small).mean())
    match logging:
        case "uniform":
            assert share == pytest.approx(0.5, abs=0.03)
        case "large":
            assert share == pytest.approx(0.05, abs=0.01)
        case "length":
            assert log.propensity is None
            length = np.array([len(table.prompts[row]) for row in made.rows])
            assert length[log.model == small].max() < length[log.model != small].min()
        case "router":
            assert log.propensity is not None
            assert log.propensity.min() == pytest.approx(0.025)
    # Users complain more often than they praise; audits do not.
    truth = float(table.scores[made.rows, log.model].mean())
    assert log.sources["user"][0] < truth - 0.05
    assert log.sources["audit"][0] == pytest.approx(truth, abs=0.1)
    assert log.trusted == ("audit",)
    assert log.rated.mean() == pytest.approx(0.05, abs=0.02)


def test_a_real_table_in_short(tables: Callable[[str], Path]) -> None:
    table = load_table(tables("messplus_qwen2"), cost="energy_j")
    case = Case("messplus_qwen2", "uniform", 1.0, (0.7,), 0)
    found = measure(case, table, policy_features(table), 2500)
    known = [row for row in found if not row["warned"]]
    assert len(known) == len(found)
    assert all(abs(row["estimate"] - row["truth"]) < 0.05 for row in known)
    assert sum(row["low"] <= row["truth"] <= row["high"] for row in known) >= len(known) - 2

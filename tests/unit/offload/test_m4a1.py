"""Parity with the numbers known for M4A1 v1, and the reader's errors."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from messplus.exceptions import InputError
from messplus.offload import (
    Budget,
    CostTable,
    KnnEstimator,
    OfflineDataset,
    RewardWeights,
    evaluate,
    load_m4a1,
)
from messplus.offload.parity import fixed_actions

# Per action: seconds, 0.001 USD, raw association, mean excess of violators in seconds and
# 0.001 USD, response and reward under the tie-inclusive rule.
GOLDEN = [
    (0.0402, 0.0000, 0.0000, 0.0000, 0.0, 0.8272, 0.8272),
    (22.7403, 1.7248, 0.0000, 2.2094, 0.0, 1.0847, 0.7644),
    (16.7599, 17.6, 0.2155, 0.0000, 0.0, 1.1450, 0.9113),
    (16.7599, 17.6, 0.2051, 0.0000, 0.0, 1.0576, 0.8182),
    (16.7599, 17.6, 0.2036, 0.0000, 0.0, 1.0750, 0.8346),
    (21.9848, 33.264, 0.4207, 1.1793, 0.0, 1.2952, 0.9916),
    (21.9848, 33.264, 0.4191, 1.1793, 0.0, 1.3077, 1.0031),
    (21.9848, 33.264, 0.4087, 1.1793, 0.0, 1.2307, 0.9204),
    (24.5770, 48.1536, 0.6242, 4.7141, 11.3, 1.1862, 0.8528),
]


@pytest.fixture(scope="module")
def path() -> Path:
    folder = os.environ.get("MESSPLUS_DATA")
    if folder is None:
        pytest.skip("MESSPLUS_DATA is not set")
    return Path(folder, "m4a1_v1", "M4A1.json")


@pytest.fixture(scope="module")
def data(path: Path) -> OfflineDataset:
    return load_m4a1(path)


def test_fixed_actions_reproduce_the_golden_numbers(path: Path) -> None:
    records = fixed_actions(path)
    assert len(records) == len(GOLDEN)
    for record, golden in zip(records, GOLDEN, strict=True):
        latency, usage, association, over_latency, over_usage, response, reward = golden
        assert record["latency"] == pytest.approx(latency, abs=5e-5)
        assert record["usage"] == pytest.approx(usage, abs=5e-5)
        assert record["association"] == pytest.approx(association, abs=5e-5)
        assert record["latency_violation"] == pytest.approx(over_latency, abs=5e-5)
        assert record["usage_violation"] == pytest.approx(over_usage, abs=5e-2)
        assert record["response"] == pytest.approx(response, abs=5e-5)
        assert record["reward"] == pytest.approx(reward, abs=5e-5)


def test_statistics_of_the_file(data: OfflineDataset) -> None:
    lengths = data.lengths
    assert [lengths.count(n) for n in (2, 3, 4, 5)] == [20, 32, 24, 24]
    turns = [turn for d in range(len(data)) for turn in data[d].turns]
    assert sum(turn.action == 0 for turn in turns) == 170
    assert np.mean([turn.score for turn in turns if turn.action == 0]) == pytest.approx(
        0.654, abs=5e-4
    )


def test_association_shares_of_the_first_turn(data: OfflineDataset) -> None:
    association = data[0].turns[0].association
    costs, weights = CostTable.published(), RewardWeights()
    shares = [
        weights.reward(data.space, action, 0.0, association, costs).association
        for action in range(9)
    ]
    expected = [0, 0, 0.32946, 0.33677, 0.33378, 0.66622, 0.66323, 0.67054, 1]
    assert shares == pytest.approx(expected, abs=5e-6)


def test_observation_of_a_second_turn(data: OfflineDataset) -> None:
    expected = [-1.0] * 16 + [0, 0, 0, 0, 1, 0, 0, 0, 2]
    assert data.observations(2)[1].tolist() == expected
    turn = data[2].turns[1]
    assert data.space.decode(turn.action).modalities == data.space.modalities
    assert turn.score == pytest.approx(4 / 3, abs=1e-4)


def test_the_default_keeps_the_budgets(data: OfflineDataset) -> None:
    from messplus.offload import OffloadRouter

    costs = CostTable.published()
    train, test = data.train_test_split(seed=1)
    router = OffloadRouter(data.space, data.tasks, costs).fit(train)
    for budget in (Budget(30.0, 0.05), Budget(8.0, 0.01), Budget(3.0, 0.005)):
        result = evaluate(router, test, KnnEstimator(data), costs, budget)
        assert result.violation_rate == 0.0
        assert result.latency <= budget.latency


RECORD: dict[str, Any] = {
    "id": 7,
    "interactions": [
        {
            "task_cat": "Query",
            "action": 1,
            "image_index": [2, 0],
            "answer": "fine",
            "score": 1.5,
        }
    ],
    "association_score": [[0.1, 0.2, 0.3]],
}


def _write(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    record = json.loads(json.dumps(RECORD))
    change(record)
    path = tmp_path / "data.json"
    path.write_text(json.dumps([record]))
    return path


def test_a_record_becomes_a_turn(tmp_path: Path) -> None:
    data = load_m4a1(_write(tmp_path, lambda record: record.update(id=8)))
    (turn,) = data[0].turns
    assert (turn.task, turn.score) == ("Query", 1.5)
    assert data.space.decode(turn.action).modalities == ("first person", "overhead")
    assert turn.association == pytest.approx((0.1, 0.2, 0.3))


def test_refusals_score_nothing(tmp_path: Path) -> None:
    refused = _write(tmp_path, lambda r: r["interactions"][0].update(answer="I am sorry."))
    assert load_m4a1(refused)[0].turns[0].score == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pop("interactions"), r"record 0 \(id 7\), interactions:"),
        (lambda r: r.update(association_score=[]), "association_score: must have one row"),
        (lambda r: r.update(association_score=[[0.1, 0.2]]), "turn 0, association_score:"),
        (lambda r: r["interactions"][0].update(task_cat="Dance"), "turn 0, task_cat: .*'Dance'"),
        (lambda r: r["interactions"][0].update(action=2), "turn 0, action:"),
        (lambda r: r["interactions"][0].update(image_index=[3]), r"image_index: .*\[3\]"),
        (lambda r: r["interactions"][0].update(action=0), "image_index: must be null"),
        (lambda r: r["interactions"][0].update(answer=None), "answer"),
        (lambda r: r["interactions"][0].update(score=-1), "score: must be a number >= 0, got -1"),
    ],
)
def test_errors_name_the_record(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_m4a1(_write(tmp_path, change))


@pytest.mark.parametrize("text", ["", "{", "{}", "[]"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"data\.json"):
        load_m4a1(path)

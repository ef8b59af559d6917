from pathlib import Path

import numpy as np
import pytest

from messplus.exceptions import ConfigError
from messplus.replay import Table, replay
from messplus.replay.drift import parse_drift
from messplus.replay.streams import arrivals


def changed(table: Table, text: str) -> tuple[Table, np.ndarray, np.ndarray]:
    order = arrivals(table, "shuffle", 0)
    earlier, later = np.split(order, [len(order) // 2])
    return parse_drift(text, table).apply(table, order, 0), earlier, later


def test_a_price_changes_later_costs_alone(table: Table) -> None:
    met, earlier, later = changed(table, "price:large@0.5:0.25")
    large = table.models.index("large")
    np.testing.assert_array_equal(met.costs[later, large], 0.25 * table.costs[later, large])
    np.testing.assert_array_equal(met.costs[earlier], table.costs[earlier])
    np.testing.assert_array_equal(met.scores, table.scores)


def test_a_degraded_model_fails_later_at_its_rate(table: Table) -> None:
    met, earlier, later = changed(table, "degrade:large@0.5:1")
    large = table.models.index("large")
    known = ~np.isnan(table.scores[later, large])
    assert (met.scores[later, large][known] == 0.0).all()
    np.testing.assert_array_equal(np.isnan(met.scores), np.isnan(table.scores))
    np.testing.assert_array_equal(met.scores[earlier], table.scores[earlier])


def test_a_model_that_appears_cannot_be_used_before() -> None:
    table = complete(400)
    result = replay(table, target=0.85, policies=["default", "random"], drift="appear:large@0.5")
    for policy in result.policies:
        (run,) = policy.runs
        assert set(run.model[:200]) == {0}
        assert 1 in run.model[200:]
    assert result.to_dict()["drift"] == {"kind": "appear", "model": 1, "at": 0.5, "amount": 0.0}


def test_the_default_policy_recovers_from_a_model_that_fails() -> None:
    result = replay(complete(6000), target=0.7, policies=["default"], drift="degrade:small@0.5:0.9")
    (run,) = result.policies[0].runs
    # The credit of 50 requests and what it takes to notice are owed at first.
    assert run.satisfaction[3000:3300].mean() < 0.6
    assert run.satisfaction[4000:].mean() > 0.69
    assert result.policies[0].since_drift() == (
        run.cost[3000:].mean(),
        run.satisfaction[3000:].mean(),
    )


def complete(n: int) -> Table:
    rng = np.random.default_rng(0)
    scores = (rng.random((n, 2)) < [0.75, 0.9]).astype(float)
    costs = np.tile([1.0, 5.0], (n, 1))
    return Table(
        path=Path("made.csv"),
        prompts=[f"question {row}" for row in range(n)],
        sources=None,
        models=("small", "large"),
        scores=scores,
        costs=costs,
        cost="cost",
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("melt:large@0.5", "must be degrade:MODEL"),
        ("degrade:huge@0.5", "model must be one of"),
        ("degrade:large@2", r"AT must be in \[0, 1\]"),
        ("degrade:large@0.5:2", r"RATE must be in \[0, 1\]"),
        ("price:large@0.5", r"FACTOR must be in"),
        ("price:large@half:2", "must be degrade:MODEL"),
        ("appear:large@0.5:1", "must be degrade:MODEL"),
    ],
)
def test_what_cannot_be_read_is_refused(table: Table, text: str, rule: str) -> None:
    with pytest.raises(ConfigError, match=f"drift: .*{rule}|drift: {rule}"):
        parse_drift(text, table)

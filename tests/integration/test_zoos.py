"""A small form of ``make zoos``, on a made-up table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benches.python import zoos
from messplus.replay import Table

TARGET = 0.7


def table(n: int = 600) -> Table:
    """Two models; what they cost and satisfy does not depend on the prompt."""
    rng = np.random.default_rng(3)
    scores = (rng.random((n, 2)) < [0.5, 0.9]).astype(float)
    return Table(
        path=Path("made-up.csv"),
        prompts=[f"question {row}" for row in range(n)],
        sources=None,
        models=("small", "large"),
        scores=scores,
        costs=np.tile([1.0, 9.0], (n, 1)),
        cost="cost",
    )


def test_enlarged_zoos_hold_what_they_should() -> None:
    plain = table()
    three = zoos.tripled(plain)
    assert len(set(three.models)) == 6
    assert three.mean_score.tolist() == [*plain.mean_score] * 3
    more = zoos.with_useless(plain)
    assert len(more.models) == 12
    assert more.mean_cost[2:].min() > plain.mean_cost.max()
    assert more.mean_score[2:].max() < plain.mean_score.min() + 0.05


def test_useless_models_cost_little() -> None:
    plain = table()
    served = {
        name: zoos.serve([variant], TARGET, [float(plain.mean_cost.mean())])
        for name, variant in (("plain", plain), ("useless", zoos.with_useless(plain)))
    }
    # They are 1.5 to 58 times as expensive, and nobody has said that they are useless.
    assert served["useless"]["cost"] < 1.5 * served["plain"]["cost"]
    assert served["useless"]["points"] > -2


def test_every_variant_is_replayed_beside_the_same_mix() -> None:
    plain = table()
    outcomes = dict(zoos.study(plain, TARGET, 1))
    assert set(outcomes) >= {"plain", "tripled", "useless", "first 500", "first 3000, delay 100"}
    # A sample of all rows is the table in another order: the same static mix.
    assert abs(outcomes["first 1000"]["cost"] - outcomes["plain"]["cost"]) < 0.3
    assert all(outcome["cost"] > 0 for outcome in outcomes.values())
    assert abs(outcomes["plain"]["points"]) < 8


@pytest.mark.parametrize("n", [1, 50])
def test_a_sample_draws_every_request_at_most_once(n: int) -> None:
    prompts = zoos.sample(table(), n, 0).prompts
    assert len(prompts) == len(set(prompts)) == n

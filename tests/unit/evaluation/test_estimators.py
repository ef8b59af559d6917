"""Estimators where the truth is known: the world that the logs are drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from messplus.evaluation.estimators import ESTIMATORS, Outcome, effective_size

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

N = 4000
ALWAYS_FIRST = np.broadcast_to([1.0, 0.0], (N, 2))


class World:
    """One hidden number per request decides both what is asked and what comes of it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.seen = rng.random(N)
        self.p = np.column_stack([0.9 - 0.6 * self.seen, np.full(N, 0.9)])
        # Confounded: the harder the request, the less often the first model is asked.
        first = 0.8 - 0.6 * self.seen
        self.propensities = np.column_stack([first, 1.0 - first])
        self.model = (rng.random(N) > first).astype(np.intp)
        coin = (rng.random((N, 2)) < self.p).astype(float)
        self.rated = rng.random(N) < 0.5
        served = coin[np.arange(N), self.model]
        self.observed = np.where(self.rated, served, np.nan)

    def outcome(self, predicted: Array | None = None, weight: Array | None = None) -> Outcome:
        told = self.propensities[np.arange(N), self.model]
        return Outcome(
            self.p if predicted is None else predicted,
            self.observed,
            1.0 / (told * 0.5) if weight is None else weight,
            self.model,
            None,
        )


TRUTH = 0.6  # of the first model: 0.9 - 0.6 E[seen]


def miss(name: str, outcome: Outcome) -> float:
    found = outcome.estimate(ALWAYS_FIRST)[name].estimate
    assert found is not None
    return abs(found - TRUTH)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("seed", range(3))
def test_all_are_right_where_predictions_and_weights_are(name: str, seed: int) -> None:
    world = World(seed)
    assert miss(name, world.outcome()) < 0.04


def test_the_logged_mean_is_confounded() -> None:
    """What the estimators have to mend: the first model was asked the easy requests."""
    world = World(0)
    of_first = world.observed[world.rated & (world.model == 0)]
    assert of_first.mean() > TRUTH + 0.03


@pytest.mark.parametrize(
    ("name", "right"),
    [("doubly robust", True), ("switch", True), ("snips", True), ("direct", False)],
)
def test_weights_mend_predictions_that_are_wrong(name: str, right: bool) -> None:
    world = World(1)
    outcome = world.outcome(predicted=np.full((N, 2), 0.8))
    assert (miss(name, outcome) < 0.05) == right


@pytest.mark.parametrize(
    ("name", "right"), [("doubly robust", True), ("direct", True), ("snips", False)]
)
def test_predictions_mend_weights_that_are_wrong(name: str, right: bool) -> None:
    world = World(2)
    outcome = world.outcome(weight=np.full(N, 4.0))
    assert (miss(name, outcome) < 0.04) == right


def test_intervals_cover_as_often_as_they_say() -> None:
    covered = dict.fromkeys(("doubly robust", "switch", "snips"), 0)
    for seed in range(200):
        found = World(seed).outcome().estimate(ALWAYS_FIRST)
        for name in covered:
            low, high = found[name].low, found[name].high
            assert low is not None
            assert high is not None
            covered[name] += low <= TRUTH <= high
    # 95 % of 200, three standard errors of 1.5 points either way.
    assert all(181 <= count <= 199 for count in covered.values()), covered


def test_the_direct_estimate_has_no_interval() -> None:
    found = World(0).outcome().estimate(ALWAYS_FIRST)["direct"]
    assert found.low is None
    assert found.high is None


def test_robust_is_more_precise_than_weights_alone() -> None:
    found = World(0).outcome().estimate(ALWAYS_FIRST)
    widths = {
        name: (found[name].high or 0.0) - (found[name].low or 0.0)
        for name in ("doubly robust", "snips")
    }
    assert widths["doubly robust"] < widths["snips"]


def test_a_switch_leaves_out_the_weight_that_ruins_the_rest() -> None:
    world = World(3)
    weight = np.full(N, 2.0)
    weight[np.flatnonzero(world.rated & (world.model == 0))[0]] = 50 * N
    found = world.outcome(weight=weight).estimate(ALWAYS_FIRST)
    assert abs((found["switch"].estimate or 0.0) - TRUTH) < 0.1
    assert abs((found["doubly robust"].estimate or 0.0) - TRUTH) > 1.0


def test_scores_of_each_model_average_to_its_estimate() -> None:
    outcome = World(4).outcome()
    found = outcome.estimate(ALWAYS_FIRST)["doubly robust"].estimate
    assert outcome.scores().mean(axis=0)[0] == pytest.approx(found)


def test_a_policy_never_followed_is_not_weighed() -> None:
    world = World(5)
    world.observed[world.model == 0] = np.nan
    found = world.outcome().estimate(ALWAYS_FIRST)
    assert found["snips"].estimate is None


def test_effective_size() -> None:
    assert effective_size(np.full(50, 3.0)) == pytest.approx(50.0)
    assert effective_size(np.array([1.0, 0.0, 0.0])) == pytest.approx(1.0)
    assert effective_size(np.zeros(3)) == 0.0

"""Bounds against cases worked by hand, brute force, and each other."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from messplus.replay.bounds import Hindsight, frontier
from messplus.replay.ridge import cross_validated
from messplus.replay.tables import Table
from messplus.reports.mixture import Frontier, best_single, cheapest_mix, lower_hull


def table(scores: np.ndarray, costs: np.ndarray) -> Table:
    n, m = scores.shape
    return Table(Path("t.csv"), ["p"] * n, None, tuple("abcdefgh"[:m]), scores, costs, "cost")


def random_outcomes(seed: int, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (n, m)) / 2.0, rng.integers(0, 5, (n, m)).astype(float)


def test_best_single_is_the_cheapest_that_meets_the_target() -> None:
    models = Frontier(np.array([0.5, 0.8, 0.9, 0.85]), np.array([1.0, 4.0, 5.0, 3.0]))
    assert best_single(models, 0.5) == 0
    assert best_single(models, 0.6) == 3
    assert best_single(models, 0.9) == 2
    assert best_single(models, 0.91) is None


def test_mix_of_two_models_by_hand() -> None:
    mix = cheapest_mix(Frontier(np.array([0.5, 0.9]), np.array([1.0, 9.0])), 0.6)
    assert mix is not None
    assert mix.weights.tolist() == pytest.approx([0.75, 0.25])
    assert mix.cost == pytest.approx(3.0)
    assert mix.satisfaction == pytest.approx(0.6)


def test_a_low_target_takes_the_cheapest_model_and_a_high_one_none() -> None:
    models = Frontier(np.array([0.5, 0.9]), np.array([1.0, 9.0]))
    low = cheapest_mix(models, 0.3)
    assert low is not None
    assert (low.cost, low.weights.tolist()) == (1.0, [1.0, 0.0])
    assert cheapest_mix(models, 0.95) is None


def test_the_hull_leaves_out_dominated_and_interior_points() -> None:
    # b is dearer and worse than a; d lies above the line from a to e.
    models = Frontier(np.array([0.5, 0.4, 0.5, 0.7, 0.9]), np.array([1.0, 2.0, 1.0, 6.0, 9.0]))
    assert lower_hull(models).tolist() == [0, 4]


@pytest.mark.parametrize("seed", range(20))
def test_mix_against_every_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s, c = rng.random(5), rng.random(5)
    target = float(rng.random())
    pairs = [
        c[i] + (target - s[i]) / (s[j] - s[i]) * (c[j] - c[i])
        for i, j in product(range(5), repeat=2)
        if s[i] < target <= s[j]
    ]
    options = pairs + [c[i] for i in range(5) if s[i] >= target]
    mix = cheapest_mix(Frontier(s, c), target)
    assert (mix.cost if mix else None) == (pytest.approx(min(options)) if options else None)


@pytest.mark.parametrize("seed", range(20))
def test_clairvoyant_against_every_assignment(seed: int) -> None:
    # The programme's solution is the lower convex hull over all M^n assignments.
    scores, costs = random_outcomes(seed, n=5, m=3)
    rows = np.arange(5)
    assignments = [np.array(choice) for choice in product(range(3), repeat=5)]
    every = Frontier(
        np.array([scores[rows, choice].mean() for choice in assignments]),
        np.array([costs[rows, choice].mean() for choice in assignments]),
    )
    curve = frontier(scores, costs, scores, costs)
    for target in (0.1, 0.35, 0.5, 0.65, 0.83, 1.0):
        best, found = cheapest_mix(every, target), cheapest_mix(curve, target)
        assert (best is None) == (found is None)
        if best is not None and found is not None:
            assert found.cost == pytest.approx(best.cost, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_the_frontier_is_the_argmin_at_every_lambda(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, expected = rng.random((40, 4)), rng.random((40, 4))
    scores, costs = random_outcomes(seed, 40, 4)
    curve = frontier(p, expected, scores, costs)
    points = np.column_stack([curve.satisfaction, curve.cost])
    for multiplier in (0.0, 0.1, 0.5, 1.0, 3.0, 100.0):
        choice = np.argmin(expected - multiplier * p, axis=1)
        reached = scores[range(40), choice].mean(), costs[range(40), choice].mean()
        assert np.abs(points - reached).max(axis=1).min() < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_more_knowledge_never_costs_more(seed: int) -> None:
    scores, costs = random_outcomes(seed, n=200, m=3)
    features = np.random.default_rng(seed).normal(size=(200, 4)).astype(np.float32)
    hindsight = Hindsight(table(scores, costs), features)
    for target in np.linspace(0.05, 0.95, 10):
        bounds = hindsight.at(float(target))
        if bounds.static_mix is None:
            continue
        assert bounds.clairvoyant is not None
        assert bounds.clairvoyant <= bounds.static_mix + 1e-12
        if bounds.best_single is not None:
            assert bounds.static_mix <= bounds.best_single + 1e-12
        if bounds.contextual_hindsight is not None:
            assert bounds.clairvoyant <= bounds.contextual_hindsight + 1e-12


def test_informative_features_beat_the_blind_mix() -> None:
    hard = np.arange(400) % 2
    scores = np.column_stack([1.0 - hard, np.ones(400)])
    costs = np.tile([1.0, 9.0], (400, 1))
    bounds = Hindsight(table(scores, costs), hard[:, None].astype(np.float32)).at(0.9)
    assert bounds.static_mix == pytest.approx(1.0 + 0.8 * 8.0)
    assert bounds.clairvoyant == pytest.approx(1.0 + 0.4 * 8.0)
    assert bounds.contextual_hindsight == pytest.approx(1.0 + 0.4 * 8.0, rel=1e-6)


def test_only_complete_rows_count() -> None:
    scores = np.array([[0.0, np.nan]] * 30 + [[1.0, 1.0]] * 20)
    costs = np.where(np.isnan(scores), np.nan, [[1.0, 2.0]])
    bounds = Hindsight(table(scores, costs), np.zeros((50, 1), dtype=np.float32)).at(1.0)
    assert (bounds.rows, bounds.best_single, bounds.clairvoyant) == (20, 1.0, 1.0)
    nothing = Hindsight(table(scores[:30], costs[:30]), np.zeros((30, 1), dtype=np.float32))
    assert nothing.at(0.5).rows == 0
    assert nothing.at(0.5).static_mix is None


def test_ridge_predicts_rows_it_has_not_seen() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3)).astype(np.float32)
    y = np.column_stack([x @ [1.0, -2.0, 0.5] + 3.0, rng.normal(size=500)])
    predicted = cross_validated(x, y, folds=5)
    np.testing.assert_allclose(predicted[:, 0], y[:, 0], atol=0.02)
    # Noise cannot be predicted: the fit stays close to the mean instead of following the labels.
    assert np.corrcoef(predicted[:, 1], y[:, 1])[0, 1] < 0.2

"""Confidence intervals."""

from __future__ import annotations

import numpy as np
import pytest

from messplus.evaluation import intervals


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (1e6, 1.95996)]
)
def test_quantiles_are_those_of_the_tables(degrees: float, quantile: float) -> None:
    assert intervals.t_quantile(degrees) == pytest.approx(quantile, rel=0.01)


def test_requests_of_one_session_count_as_one() -> None:
    scores = np.random.default_rng(0).normal(size=100)
    twice, sessions = np.repeat(scores, 2), np.repeat(np.arange(100), 2)
    alone, together = intervals.of_mean(scores), intervals.of_mean(twice, sessions)
    assert together.estimate == pytest.approx(alone.estimate)
    assert intervals.standard_error(twice, sessions) == pytest.approx(
        intervals.standard_error(scores)
    )
    naive = intervals.standard_error(twice)
    assert naive < 0.75 * intervals.standard_error(twice, sessions)


def test_few_effective_requests_widen() -> None:
    scores = np.random.default_rng(1).normal(size=1000)
    wide, narrow = intervals.of_mean(scores, None, 5.0), intervals.of_mean(scores)
    assert wide.estimate == narrow.estimate
    assert (wide.high or 0.0) - (wide.low or 0.0) > 1.2 * (
        (narrow.high or 0.0) - (narrow.low or 0.0)
    )


def test_a_further_draw_falls_into_the_interval_of_draws() -> None:
    rng, inside = np.random.default_rng(2), 0
    for _ in range(1000):
        low, high = intervals.of_draws(rng.normal(5.0, 2.0, 8))[1:]
        assert low is not None
        assert high is not None
        inside += low <= rng.normal(5.0, 2.0) <= high
    assert 930 <= inside <= 970


def test_positive_draws_have_positive_intervals() -> None:
    draws = np.exp(np.random.default_rng(3).normal(0.0, 1.5, 10))
    found = intervals.of_draws(draws, positive=True)
    assert (found.low or 0.0) > 0.0
    assert (intervals.of_draws(draws).low or 0.0) < 0.0


def test_few_ratings_bound_little() -> None:
    assert intervals.of_few(0.5, 0.0)[1:] == (0.0, 1.0)
    low, high = intervals.of_few(0.5, 1000.0)[1:]
    assert low == pytest.approx(0.457, abs=0.001)
    assert high == pytest.approx(0.543, abs=0.001)

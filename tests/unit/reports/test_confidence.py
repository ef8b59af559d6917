"""The confidence sequence: hand-checked numbers, and coverage at all times at once."""

from __future__ import annotations

import numpy as np
import pytest

from messplus.reports.confidence import satisfaction_interval


def test_without_ratings_there_is_no_interval() -> None:
    assert satisfaction_interval(0, 0.0, 0.0) is None


def test_a_number_checked_by_hand() -> None:
    # v = 100: l = 1.4 ln ln 200 + ln(3.10555 / (0.025 (ln 2)^1.4)) = 2.3344 + 5.3353 = 7.6697,
    # k1 = 1.4352, k2 = 1.2071, radius = (sqrt(2.0598 766.97 + 85.71) + 9.2580) / 1000.
    interval = satisfaction_interval(1000, 900.0, 100.0)
    assert interval == pytest.approx((0.8500, 0.9500), abs=2e-4)


def test_stays_within_possible_rates_and_narrows() -> None:
    first = satisfaction_interval(1, 1.0, 0.25)
    assert first == (0.0, 1.0)
    widths = [
        upper - lower
        for lower, upper in (
            satisfaction_interval(n, 0.8 * n, 0.16 * n) or (0.0, 1.0)
            for n in (10, 100, 1000, 10_000)
        )
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.04


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
def test_holds_at_all_times_at_once(rate: float) -> None:
    rng = np.random.default_rng(7)
    streams, n = 200, 2000
    ratings = (rng.random((streams, n)) < rate).astype(float)
    totals = ratings.cumsum(axis=1)
    counts = np.arange(1, n + 1)
    before = np.hstack([np.full((streams, 1), 0.5), (totals / counts)[:, :-1]])
    spreads = ((ratings - before) ** 2).cumsum(axis=1)
    broken = 0
    for total, spread in zip(totals, spreads, strict=True):
        intervals = [
            satisfaction_interval(int(counts[i]), total[i], spread[i], 0.8) for i in range(0, n, 7)
        ]
        broken += any(low > rate or high < rate for low, high in filter(None, intervals))
    # 20 % may break; with 200 streams more than 28 % would be a chance of one in a hundred.
    assert broken <= 0.28 * streams

"""A small form of ``make field``: the figures that do not need long streams."""

from __future__ import annotations

from benches.python import field


def test_silence_is_said_within_a_hundred_requests() -> None:
    said = field.silence()
    assert said["status"] == "unrated"
    assert said["warned_after"] <= 100


def test_failures_of_one_call_in_a_hundred_cost_nothing() -> None:
    for per_second in (10, 1000):
        default, none = (field.failing(2000, 0.01, per_second, cooldown, 1) for cooldown in (5, 0))
        assert default <= 1.05 * none


def test_a_model_that_answers_nothing_is_hardly_asked() -> None:
    assert field.outage(2) <= 3


def test_biased_thumbs_do_not_fool_audits() -> None:
    outcomes = [field.stream(field.REGIMES["thumbs up"], 4000, seed, "5 %") for seed in range(3)]
    assert all(outcome.covers for outcome in outcomes)
    assert min(outcome.satisfaction for outcome in outcomes) > 0.75
    unaudited = field.stream(field.REGIMES["thumbs up"], 4000, 0, "0")
    assert unaudited.satisfaction < 0.7


def test_early_audits_are_as_many_and_cover_the_truth() -> None:
    outcomes = [field.of_regime("none rated", 4000, "early", seed) for seed in range(3)]
    assert all(outcome.covers for outcome in outcomes)
    # 2 sqrt(12 * 4000) = 438 on average, of which the first twelve are certain.
    assert all(0.09 < outcome.audited < 0.13 for outcome in outcomes)

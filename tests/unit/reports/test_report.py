"""The account a router gives of itself."""

import dataclasses
import random

import pytest

from messplus import Policy, Report, Router
from tests.zoo import NAMES, always_exploring, make_router, never_exploring


def test_nothing_has_happened_yet(router: Router) -> None:
    report = router.report()
    assert isinstance(report, Report)
    assert (report.target, report.decisions, report.rated, report.backlog) == (0.7, 0, 0, 0.0)
    assert report.satisfaction_rate is report.lower_bound is report.exploration_share is None
    assert (report.cost, report.pending, report.evicted, report.featurizer_errors) == (0, 0, 0, 0)
    assert set(report.reasons) == {
        "exploit",
        "explore",
        "forced",
        "fallback",
        "warm-up",
        "shadow",
        "unrated",
        "unaffordable",
    }
    assert tuple(report.models) == NAMES
    for model in report.models.values():
        assert model.satisfaction_rate is model.mean_latency is None
        assert (
            model.selected == model.also_queried == model.rated == model.costed == model.cost == 0
        )


def test_it_adds_up() -> None:
    router = make_router(seed=11)
    chance = random.Random(5)
    served = dict.fromkeys(NAMES, 0)
    learned = dict.fromkeys(NAMES, 0)
    ratings: list[float] = []
    costs: list[float] = []
    for n in range(300):
        decision = router.select(str(n))
        served[decision.model] += 1
        for name in decision.also_query:
            learned[name] += 1
        if n % 3:
            ratings.append(chance.random())
            costs.append(chance.random())
            router.feedback(decision, satisfied=ratings[-1], cost=costs[-1], latency=0.5)
    report = router.report()
    assert {name: model.selected for name, model in report.models.items()} == served
    assert {name: model.also_queried for name, model in report.models.items()} == learned
    assert report.decisions == sum(report.reasons.values()) == sum(served.values()) == 300
    assert report.rated == sum(model.rated for model in report.models.values()) == 200
    assert report.pending == 100
    assert report.satisfaction_rate == pytest.approx(sum(ratings) / 200, rel=1e-12)
    assert report.cost == pytest.approx(sum(costs), rel=1e-12)
    assert report.exploration_share == report.reasons["explore"] / 300
    assert 0 < report.reasons["explore"] < 300
    for model in report.models.values():
        assert model.mean_latency == (0.5 if model.rated else None)


def test_the_lower_bound_holds_and_is_met_while_nothing_was_forgiven() -> None:
    router = make_router(never_exploring(), target=0.75)
    for satisfied in (0.5, 0.25, 0.75):
        router.feedback(router.select("x"), satisfied=satisfied)
    report = router.report()
    assert report.backlog == 0.75
    assert report.lower_bound == report.satisfaction_rate == 0.5
    # From here on the queue stands at zero some of the time: what is above the target is forgiven.
    for satisfied in (1.0, 1.0, 1.0, 1.0, 0.25):
        router.feedback(router.select("x"), satisfied=satisfied)
    report = router.report()
    assert report.backlog == 0.5
    assert report.lower_bound == 0.75 - 0.5 / 8
    assert report.satisfaction_rate is not None
    assert report.satisfaction_rate > report.lower_bound


def test_calls_made_for_learning_are_billed() -> None:
    router = make_router(always_exploring())
    router.feedback(router.select("x"), cost={"small": 1.0, "medium": 2.0, "large": 4.0})
    assert router.report().cost == 7.0


def test_reasons_are_counted() -> None:
    router = make_router(never_exploring())
    router.select("x")
    router.select("x", allowed=["large"])
    reasons = router.report().reasons
    expected = dict.fromkeys(reasons, 0) | {"forced": 1, "warm-up": 1}
    assert reasons == expected


def test_a_report_is_a_snapshot(router: Router) -> None:
    report = router.report()
    router.select("x")
    assert report.decisions == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.decisions = 5  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.models["small"].rated = 5  # type: ignore[misc]


def test_a_target_out_of_reach_is_reported_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    router = make_router(Policy.default(), target=0.9)
    assert router.report().feasible
    for turn in range(400):
        router.feedback(router.select(f"prompt {turn}"), satisfied=turn % 2 == 0, cost=1.0)
    assert not router.report().feasible
    assert not router.report().feasible
    assert [record.message for record in caplog.records] == [
        "out of reach: sla default; what comes nearest is served"
    ]

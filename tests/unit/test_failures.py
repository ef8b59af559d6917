"""Calls that fail, feedback that does not come: cool-down, fallback, expiry."""

from __future__ import annotations

import time
from typing import Any

import pytest

from messplus import ConfigError, FeedbackError, InputError, Router
from tests.zoo import NAMES, make_router


def at(router: Router, seconds: int) -> None:
    """Move the router's clock; it never goes back."""
    router._core.advance(seconds)


def served(router: Router, n: int) -> set[str]:
    return {router.select(f"prompt {index}").model for index in range(n)}


def test_failed_names_the_next_model_of_the_ranking() -> None:
    router = make_router()
    decision = router.select("x")
    first, second, third = decision.ranking
    assert router.failed(decision) == second
    assert router.failed(decision, second) == third
    assert router.failed(decision, third) is None
    with pytest.raises(FeedbackError):
        router.failed(decision, third)
    assert {name: model.failed for name, model in router.report().models.items()} == dict.fromkeys(
        NAMES, 1
    )
    router.feedback(decision, satisfied={third: True})
    assert router.report().models[third].rated == 1
    assert first == decision.model


def test_a_failed_model_is_left_alone_and_then_probed_once() -> None:
    router = make_router(cooldown=3600)
    decision = router.select("x")
    start = int(time.time())
    router.failed(decision)
    assert decision.model not in served(router, 50)
    at(router, start + 3700)
    probes = [router.select(f"y {i}") for i in range(50)]
    assert sum(probe.model == decision.model for probe in probes) <= 1
    at(router, start + 7400)
    only = router.select("z", allowed=[decision.model])
    router.feedback(only, satisfied=True)
    assert decision.model in served(router, 50)


def test_models_that_cool_down_are_fallen_back_to_last() -> None:
    router = make_router(cooldown=3600)
    for name in NAMES[:2]:
        router.failed(router.select("x", allowed=[name]))
    decision = router.select("y")
    assert decision.ranking[0] == decision.model == NAMES[2]
    assert set(decision.ranking[1:]) == set(NAMES[:2])
    assert router.failed(decision) == decision.ranking[1]


def test_where_all_have_failed_requests_are_still_served() -> None:
    router = make_router(cooldown=3600)
    decision = router.select("x")
    for name in NAMES:
        router.failed(decision, name)
    assert router.select("y").model in NAMES


def test_unknown_models_and_decisions_change_nothing() -> None:
    router = make_router()
    decision = router.select("x")
    with pytest.raises(InputError, match="model: must name a model of the zoo, got 'none'"):
        router.failed(decision, "none")
    other = make_router().select("x")
    with pytest.raises(FeedbackError, match="must be pending"):
        router.failed(other)
    assert all(model.failed == 0 for model in router.report().models.values())


@pytest.mark.parametrize(("missing", "imputed"), [("ignore", 0), ("unsatisfied", 5)])
def test_what_is_never_rated_counts_as_agreed(missing: Any, imputed: int) -> None:
    router = make_router(pending_age=60, missing=missing)
    start = int(time.time())
    for index in range(5):
        router.select(f"x {index}")
    late = router.select("late")
    router.feedback(late, satisfied=True)
    at(router, start + 1000)
    report = router.report()
    assert (report.evicted, report.pending, report.imputed) == (5, 0, imputed)
    assert report.backlog == pytest.approx(imputed * report.target - 0.0, abs=0.5)
    with pytest.raises(FeedbackError, match="unknown or expired"):
        router.feedback(late, cost=1.0)


def test_a_predicted_rating_counts_with_its_probability() -> None:
    router = make_router(pending_age=60, missing="predicted")
    decision = router.select("x")
    at(router, int(time.time()) + 1000)
    report = router.report()
    assert report.slas["default"].imputed_satisfaction == decision.p_satisfied[decision.model]
    assert (report.rated, report.imputed) == (0, 1)


def test_settings_are_checked() -> None:
    for changes in ({"pending_age": 0}, {"cooldown": -1}, {"missing": "later"}):
        with pytest.raises(ConfigError, match=next(iter(changes))):
            make_router(**changes)

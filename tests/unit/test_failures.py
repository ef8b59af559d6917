"""Calls that fail, feedback that does not come: cool-down, fallback, expiry."""

from __future__ import annotations

from typing import Any

import pytest

from messplus import ConfigError, FeedbackError, InputError, Router
from tests.zoo import NAMES, StubFeaturizer, make_router


def at(router: Router, seconds: int) -> None:
    """Move the router's clock, which shows its own seconds; it never goes back."""
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


def fail_until_it_rests(router: Router, model: str) -> None:
    for index in range(5):
        router.failed(router.select(f"call {index}", allowed=[model]))


def test_one_failure_among_calls_that_succeed_changes_nothing() -> None:
    router = make_router(cooldown=3600)
    first = router.select("x")
    router.failed(first)
    assert first.model in served(router, 50)


def test_a_model_that_keeps_failing_rests_and_is_then_probed_once() -> None:
    router = make_router(cooldown=3600)
    model = router.select("x").model
    fail_until_it_rests(router, model)
    assert model not in served(router, 50)
    at(router, 3700)
    probes = [router.select(f"y {i}") for i in range(50)]
    assert sum(probe.model == model for probe in probes) == 1
    at(router, 7400)
    only = router.select("z", allowed=[model])
    router.feedback(only, satisfied=True)
    assert model in served(router, 50)


def test_a_rate_limit_rests_a_model_for_as_long_as_it_says() -> None:
    router = make_router()
    decision = router.select("x")
    router.failed(decision, kind="rate_limit", retry_after=11.5)
    assert decision.model not in served(router, 50)
    at(router, 11)
    assert decision.model not in served(router, 50)
    at(router, 12)
    assert decision.model in served(router, 50)


def test_a_prompt_too_long_for_a_model_leaves_it_out_for_this_request_alone() -> None:
    router = make_router(cooldown=3600)
    for index in range(20):
        decision = router.select(f"x {index}")
        assert router.failed(decision, kind="context_window") == decision.ranking[1]
    assert router.select("y").model == decision.model


def test_failures_are_reported_by_id_too() -> None:
    router = make_router()
    decision = router.select("x")
    assert router.failed(decision.id) == decision.ranking[1]
    assert router.failed(decision.id, decision.ranking[1]) == decision.ranking[2]


def test_a_rest_outlives_its_process_and_no_longer() -> None:
    router = make_router(cooldown=3600)
    at(router, 10_000)
    decision = router.select("x")
    router.failed(decision, kind="rate_limit", retry_after=1e9)
    again = Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
    assert decision.model not in served(again, 20)
    at(again, 10_000 + 86_400)
    assert decision.model in served(again, 20)


def test_models_that_rest_are_fallen_back_to_last() -> None:
    router = make_router(cooldown=3600)
    for name in NAMES[:2]:
        fail_until_it_rests(router, name)
    decision = router.select("y")
    assert decision.ranking[0] == decision.model == NAMES[2]
    assert set(decision.ranking[1:]) == set(NAMES[:2])
    assert router.failed(decision) == decision.ranking[1]


def test_where_all_have_failed_requests_are_still_served() -> None:
    router = make_router(cooldown=3600)
    for name in NAMES:
        fail_until_it_rests(router, name)
    assert router.select("y").model in NAMES


def test_unknown_models_and_decisions_change_nothing() -> None:
    router = make_router()
    decision = router.select("x")
    with pytest.raises(InputError, match=r"model: must name a model of the zoo .*, got 'none'"):
        router.failed(decision, "none")
    other = make_router().select("x")
    with pytest.raises(FeedbackError, match="must be pending"):
        router.failed(other)
    with pytest.raises(InputError, match="kind: must be one of rate_limit, timeout, error"):
        router.failed(decision, kind="bad luck")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="retry_after: must be a number of seconds >= 0, got -1"):
        router.failed(decision, kind="rate_limit", retry_after=-1)
    assert all(model.failed == 0 for model in router.report().models.values())


@pytest.mark.parametrize(("missing", "imputed"), [("ignore", 0), ("unsatisfied", 5)])
def test_what_is_never_rated_counts_as_agreed(missing: Any, imputed: int) -> None:
    router = make_router(pending_age=60, missing=missing)
    for index in range(5):
        router.select(f"x {index}")
    late = router.select("late")
    router.feedback(late, satisfied=True)
    at(router, 1000)
    report = router.report()
    assert (report.evicted, report.pending, report.imputed) == (5, 0, imputed)
    assert report.backlog == pytest.approx(imputed * report.target - 0.0, abs=0.5)
    with pytest.raises(FeedbackError, match="unknown or expired"):
        router.feedback(late, cost=1.0)


def test_a_predicted_rating_counts_with_its_probability() -> None:
    router = make_router(pending_age=60, missing="predicted")
    decision = router.select("x")
    at(router, 1000)
    report = router.report()
    assert report.slas["default"].imputed_satisfaction == decision.p_satisfied[decision.model]
    assert (report.rated, report.imputed) == (0, 1)


def test_settings_are_checked() -> None:
    for changes in ({"pending_age": 0}, {"cooldown": -1}, {"missing": "later"}):
        with pytest.raises(ConfigError, match=next(iter(changes))):
            make_router(**changes)

"""Explanations: what they say holds when the request is decided again with it."""

from __future__ import annotations

import math

import pytest

from messplus import Decision, Policy, Router
from messplus.reports.explain import Explanation
from tests.zoo import NAMES, StubFeaturizer, make_router

COSTS = {"small": 1.0, "medium": 2.5, "large": 10.0}
RATES = {"small": 2, "medium": 3, "large": 4}


def worked(policy: Policy, target: float = 0.75, n: int = 300) -> Router:
    """A router whose better models please more often: four, three, two of five requests."""
    router = make_router(policy, target=target, seed=2)
    for index in range(n):
        decision = router.select(f"prompt {index % 37}")
        satisfied = index % 5 < RATES[decision.model]
        router.feedback(decision, satisfied=satisfied, cost=COSTS[decision.model])
    return router


def again(router: Router, prompt: str, costs: dict[str, float] | None = None) -> Decision:
    """Decide with a copy, which leaves the router as it is."""
    return Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer()).select(
        prompt, costs=costs
    )


@pytest.mark.parametrize(
    ("policy", "target"),
    [(Policy.default(exploration=0.0), 0.6), (Policy.paper(v=0.5, lr=0.1, c=0.5), 0.75)],
)
def test_the_runner_up_wins_at_the_cost_that_is_named(policy: Policy, target: float) -> None:
    router = worked(policy, target)
    named = 0
    for index in range(80):
        explanation = again(router, f"new {index}").explain()
        flip = explanation.flip
        assert flip is not None
        if explanation.reason == "explore":
            continue
        assert explanation.best == explanation.model != flip.runner_up
        if flip.expected_cost is not None:
            costs = {name: c.expected_cost for name, c in explanation.candidates.items()}
            lower = costs | {flip.runner_up: flip.expected_cost * 0.999}
            higher = costs | {flip.runner_up: flip.expected_cost * 1.001}
            assert again(router, f"new {index}", costs=lower).model == flip.runner_up
            assert again(router, f"new {index}", costs=higher).model == explanation.model
            named += 1
    assert named >= 5


@pytest.mark.parametrize(
    ("policy", "target"),
    [(Policy.default(exploration=0.0), 0.6), (Policy.paper(v=0.5, lr=0.1, c=0.5), 0.75)],
)
def test_scores_are_equal_at_the_price_and_at_the_probability_that_are_named(
    policy: Policy, target: float
) -> None:
    router = worked(policy, target)
    prices = probabilities = 0
    for index in range(40):
        e = again(router, f"new {index}").explain()
        assert e.flip is not None
        best, other = e.candidates[e.best], e.candidates[e.flip.runner_up]
        assert e.price
        weight = e.multiplier / e.price

        def seen(p: float, sd: float | None, optimism: float = e.optimism) -> float:
            return 1.0 / (1.0 + math.exp(-math.log(p / (1.0 - p)) - optimism * (sd or 0.0)))

        p_best = seen(best.p_satisfied, best.log_odds_sd)
        p_other = seen(other.p_satisfied, other.log_odds_sd)
        if e.flip.price is not None:
            rise = (e.flip.price - e.price) * weight
            assert best.score - rise * p_best == pytest.approx(other.score - rise * p_other)
            prices += 1
        if e.flip.p_satisfied is not None:
            gain = seen(e.flip.p_satisfied, other.log_odds_sd) - p_other
            assert other.score - e.multiplier * gain == pytest.approx(best.score)
            probabilities += 1
    assert prices >= 10
    assert probabilities >= 10


def test_uncertainty_shrinks_with_what_is_learned() -> None:
    fresh = make_router(Policy.default()).select("x").explain().candidates["small"]
    known = again(worked(Policy.default()), "prompt 1").explain().candidates["small"]
    assert fresh.interval is not None
    assert known.interval is not None
    assert fresh.interval[0] < fresh.p_satisfied < fresh.interval[1]
    assert known.interval[1] - known.interval[0] < fresh.interval[1] - fresh.interval[0]


def test_the_published_policy_keeps_no_uncertainty() -> None:
    candidate = make_router().select("x").explain().candidates["small"]
    assert (candidate.log_odds_sd, candidate.interval) == (None, None)


def test_reads_well() -> None:
    decision = again(worked(Policy.default(exploration=0.0)), "x")
    explanation = decision.explain()
    text = str(explanation)
    assert isinstance(explanation, Explanation)
    assert text.startswith(f"'{decision.model}' serves request 301 (exploit); one more satisfied")
    assert all(name in text for name in NAMES)
    assert "would have beaten" in text.splitlines()[-1]


def test_where_one_model_is_allowed_nothing_would_have_changed_it() -> None:
    explanation = make_router().select("x", allowed=["large"]).explain()
    assert (explanation.best, explanation.flip) == ("large", None)


def test_a_model_that_cools_down_is_named_and_not_compared() -> None:
    router = make_router(cooldown=3600)
    router.failed(router.select("x", allowed=["small"]), kind="rate_limit", retry_after=60)
    explanation = router.select("y").explain()
    assert explanation.cooling == ("small",)
    assert explanation.best == explanation.model == "medium"
    assert explanation.flip is not None
    assert explanation.flip.runner_up == "large"
    assert "cooling down: small" in str(explanation)


def test_an_exploring_request_says_what_was_best() -> None:
    router = make_router(Policy.paper(v=0.5, c=1e9))
    explanation = router.select("x").explain()
    assert (explanation.model, explanation.best) == ("large", "small")
    assert "'small' has the best score" in str(explanation)

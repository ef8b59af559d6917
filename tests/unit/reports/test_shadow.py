"""Shadow mode: who serves, what is learned, and intervals that cover the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import SLA, ConfigError, Limit, Policy, Router, Shadow
from tests.zoo import MODELS, NAMES, StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path

COSTS = {"small": 1.0, "medium": 2.5, "large": 10.0}


def p_true(name: str, x: float) -> float:
    """Satisfaction probabilities that depend on the prompt and no model of the router's has."""
    return {"small": 0.55 + 0.3 * x, "medium": 0.75 + 0.2 * x * x, "large": 0.95}[name]


def run(seed: int, n: int, explore: float, rated: float = 1.0) -> tuple[Router, float, float]:
    """A router in shadow mode; true mean satisfaction and cost of what it would have chosen."""
    rng = np.random.default_rng(seed)
    shadow = Shadow("large", explore)
    router = make_router(Policy.default(), target=0.85, seed=seed, shadow=shadow)
    satisfied, cost, counted = 0.0, 0.0, 0
    for _ in range(n):
        x = float(rng.uniform(-1.0, 1.0))
        features = np.array([x, 1.0, 0.0, 0.0], np.float32)
        decision = router.select(features=features)
        assert decision.shadow_choice is not None
        paid = COSTS[decision.model] * float(rng.uniform(0.5, 1.5))
        router.feedback(decision, cost=paid)
        cost += COSTS[decision.shadow_choice]
        if rng.random() < rated:
            router.feedback(decision, bool(rng.random() < p_true(decision.model, x)))
            satisfied += p_true(decision.shadow_choice, x)
            counted += 1
    return router, satisfied / counted, cost / n


def test_the_fixed_model_serves_and_the_choice_is_named() -> None:
    router = make_router(Policy.default(), shadow="large")
    decisions = [router.select(f"prompt {index}") for index in range(20)]
    assert {decision.model for decision in decisions} == {"large"}
    assert {decision.reason for decision in decisions} == {"shadow"}
    assert all(decision.ranking[0] == "large" for decision in decisions)
    assert {decision.shadow_choice for decision in decisions} <= set(NAMES)
    report = router.report().shadow
    assert report is not None
    assert report.decisions == 20
    assert report.agreed == sum(d.shadow_choice == "large" for d in decisions) / 20
    assert (report.satisfaction, report.cost) == (None, None)
    assert make_router().report().shadow is None
    assert make_router().select("x").shadow_choice is None


def test_exploration_serves_with_the_propensity_it_tells() -> None:
    router = make_router(Policy.default(), shadow=Shadow("large", explore=0.3), seed=5)
    decisions = [router.select(f"prompt {index}") for index in range(3000)]
    served = {name: sum(d.model == name for d in decisions) / 3000 for name in NAMES}
    # Three standard errors: 3 sqrt(0.1 0.9 / 3000) = 0.016.
    assert served["small"] == pytest.approx(0.1, abs=0.017)
    assert served["medium"] == pytest.approx(0.1, abs=0.017)
    propensities = [d.propensity for d in decisions if d.model != "large"]
    assert propensities == pytest.approx([0.1] * len(propensities))


@pytest.mark.parametrize("rated", [1.0, 0.5])
def test_intervals_cover_the_truth_at_the_stated_rate(rated: float) -> None:
    runs = 100
    covered = {"satisfaction": 0, "cost": 0}
    for seed in range(runs):
        router, satisfied, cost = run(seed, 1500, explore=0.3, rated=rated)
        shadow = router.report().shadow
        assert shadow is not None
        for name, truth in (("satisfaction", satisfied), ("cost", cost)):
            estimate = getattr(shadow, name)
            assert estimate.identified == 1.0
            covered[name] += estimate.interval[0] <= truth <= estimate.interval[1]
    # 95 of 100 are stated; with 88 or fewer a fair coin of 0.95 would fail once in 250 times.
    assert min(covered.values()) >= 89, covered


def test_without_exploration_it_says_what_is_not_identified() -> None:
    router, _, _ = run(3, 800, explore=0.0)
    shadow = router.report().shadow
    assert shadow is not None
    assert shadow.satisfaction is not None
    assert shadow.agreed is not None
    assert shadow.satisfaction.identified == shadow.agreed < 1.0


def test_going_live_keeps_what_was_learned_and_starts_the_account(tmp_path: Path) -> None:
    folder, featurizer = tmp_path / "state", StubFeaturizer()
    shadow = Shadow("medium", explore=0.5)
    with Router.open(
        folder, MODELS, SLA(0.7), featurizer=featurizer, tag_features=0, shadow=shadow
    ) as router:
        for index in range(300):
            decision = router.select(f"prompt {index}")
            router.feedback(decision, satisfied=decision.model != "small", cost=1.0)
        state = router.to_bytes()
        before = router.report()
    assert before.rated == 0
    assert before.imputed == 300
    with Router.open(folder, featurizer=featurizer) as live:
        assert live.to_bytes() == state
        decision = live.select("prompt 1")
        assert decision.shadow_choice is None
        assert decision.p_satisfied["small"] < 0.3 < 0.9 < decision.p_satisfied["medium"]
        live.feedback(decision, satisfied=True)
        after = live.report()
        assert (after.rated, after.imputed) == (1, 300)
        assert after.shadow == before.shadow


def test_the_bound_holds_for_what_is_presumed() -> None:
    router, _, _ = run(1, 500, explore=0.2)
    (report,) = router.report().slas.values()
    assert report.lower_bound is not None
    assert report.imputed_satisfaction / report.imputed >= report.lower_bound - 1e-9


def test_a_fixed_model_that_may_not_serve_is_stood_in_for() -> None:
    router = make_router(Policy.default(), shadow="large", cooldown=3600)
    limited = router.select("x", allowed=["small", "medium"])
    assert limited.model == limited.shadow_choice != "large"
    router.failed(router.select("y"), kind="rate_limit", retry_after=60)
    assert router.select("z").model != "large"


@pytest.mark.parametrize(
    ("shadow", "message"),
    [
        ("none", "shadow: must name a model of the zoo, got 'none'"),
        (3, "shadow: must be a model's name or a Shadow, got 3"),
        (Shadow("large", -0.1), r"shadow.explore: must be in \[0, 1\], got -0.1"),
        (Shadow("large", float("nan")), r"shadow.explore: must be in \[0, 1\], got nan"),
    ],
)
def test_settings_are_checked(shadow: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_router(shadow=shadow)


def test_limits_and_shadow_are_not_combined() -> None:
    with pytest.raises(ConfigError, match="shadow: must not be combined with limits, got 1"):
        make_router(Policy.default(), limits=[Limit("cost", 2.0)], shadow="large")

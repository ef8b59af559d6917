"""A cap on what a request may be expected to cost: kept, told, and never a reason to refuse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, ConfigError, InputError, Policy, Router, Shadow
from tests.zoo import StubFeaturizer, always_exploring, make_router

if TYPE_CHECKING:
    from pathlib import Path

NONE_EXPLORED = Policy.default(exploration=0.0)


def test_models_beyond_the_cap_are_left_out() -> None:
    router = make_router(NONE_EXPLORED)
    decision = router.select("x", max_cost=3.0)
    assert set(decision.ranking) == {"small", "medium"}
    assert set(router.predict("x", max_cost=3).ranking) == {"small", "medium"}
    assert router.select("x", max_cost=1.0).reason == "forced"
    [many] = router.select_many(["x"], max_cost=3.0)
    assert set(many.ranking) == {"small", "medium"}
    told = router.report().max_cost
    assert (told.router, told.narrowed, told.unaffordable) == (None, 3, 0)


def test_where_nothing_fits_the_cheapest_serves_and_says_so() -> None:
    router = make_router(NONE_EXPLORED, max_cost=0.5)
    decision = router.select("x")
    assert (decision.model, decision.reason, decision.ranking) == (
        "small",
        "unaffordable",
        ("small",),
    )
    dear = router.select("x", allowed=["large", "medium"])
    assert (dear.model, dear.reason) == ("medium", "unaffordable")
    assert router.predict("x").reason == "unaffordable"
    report = router.report()
    assert (report.max_cost.router, report.max_cost.unaffordable) == (0.5, 2)
    assert report.reasons["unaffordable"] == 2
    router.feedback(decision, satisfied=True, cost=1.0)


def test_what_was_learned_counts_not_what_was_listed() -> None:
    router = make_router(NONE_EXPLORED)
    assert "large" in router.select("x", max_cost=12.0).ranking
    for _ in range(60):
        decision = router.select("x", allowed=["large"])
        router.feedback(decision, satisfied=True, cost=30.0)
    assert "large" not in router.select("x", max_cost=12.0).ranking
    assert "large" in router.select("x", max_cost=12.0, costs={"large": 11.0}).ranking


def test_models_queried_as_well_are_borne_too() -> None:
    router = make_router(always_exploring())
    decision = router.select("x", max_cost=3.0)
    assert (decision.model, decision.also_query) == ("medium", ())
    decision = router.select("x", max_cost=12.6)
    assert (decision.model, decision.also_query) == ("large", ("small",))


def test_the_routers_cap_holds_beside_the_requests_and_is_amended() -> None:
    router = make_router(NONE_EXPLORED, max_cost=3.0)
    assert len(router.select("x", max_cost=1e9).ranking) == 2
    router.amend(max_cost=1.5)
    assert router.select("x").ranking == ("small",)
    router.amend(max_cost=1e18)
    assert router.report().max_cost.router is None
    assert len(router.select("x").ranking) == 3


def test_it_holds_in_shadow_mode_too() -> None:
    router = make_router(NONE_EXPLORED, shadow=Shadow("large"), max_cost=3.0)
    decision = router.select("x")
    assert decision.model == decision.shadow_choice
    assert decision.model in ("small", "medium")
    decision = router.select("x", max_cost=0.1)
    assert (decision.model, decision.reason) == ("small", "unaffordable")


def test_a_resting_model_does_not_lift_it() -> None:
    router = make_router(NONE_EXPLORED, max_cost=3.0, cooldown=100)
    for _ in range(8):
        decision = router.select("x", allowed=["small", "medium"])
        router.failed(decision, decision.model)
    assert router.select("x").model in ("small", "medium")


@pytest.mark.parametrize("wrong", [math.nan, -1.0, math.inf, True, "1", [1.0]])
def test_a_cap_that_is_no_cost_is_refused(wrong: Any) -> None:
    router = make_router(NONE_EXPLORED)
    before = router.to_bytes()
    with pytest.raises(InputError, match="max_cost: must be"):
        router.select("x", max_cost=wrong)
    with pytest.raises(ConfigError, match="max_cost: "):
        router.amend(max_cost=wrong)
    with pytest.raises(ConfigError, match="max_cost: "):
        make_router(NONE_EXPLORED, max_cost=wrong)
    assert router.to_bytes() == before


def test_a_folder_keeps_it_and_replays_it(tmp_path: Path) -> None:
    def opened(**kw: Any) -> Router:
        models = make_router().models
        return Router.open(tmp_path / "router", models, SLA(0.7), featurizer=StubFeaturizer(), **kw)

    with opened(max_cost=3.0) as router:
        for n in range(40):
            decision = router.select(f"prompt {n}", max_cost=None if n % 3 else 0.2 * n)
            router.feedback(decision, satisfied=n % 4 > 0, cost=1.0 + n % 5)
        copy, _ = router._core.recover(tmp_path / "router")
        assert copy.to_bytes() == router.to_bytes()
        assert router.report().max_cost.unaffordable > 0
    with opened() as again:
        assert again.recovery is not None
        assert "max_cost: amended from 3.0 to 1e+18" in again.recovery.notes
        assert len(again.select("x").ranking) == 3

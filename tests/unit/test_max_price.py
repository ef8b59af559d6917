"""What one more satisfied request may cost: agreed, kept and counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, ConfigError, Limit, Policy, Router
from tests.zoo import StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = Policy.default(exploration=0.0)


def route(router: Router, n: int) -> list[str]:
    """Requests that only the most expensive model satisfies; who served."""
    served = []
    for index in range(n):
        decision = router.select(f"prompt {index}")
        served.append(decision.model)
        cost = {"small": 1.0, "medium": 2.5, "large": 10.0}[decision.model]
        router.feedback(decision, satisfied=decision.model == "large", cost=cost)
    return served


@pytest.mark.parametrize(
    "policy", [DEFAULT, Policy.epsilon_greedy(epsilon=0.0), Policy.paper(v=0.5, c=0.0)], ids=str
)
def test_no_more_is_paid_and_the_report_says_that_it_binds(policy: Policy) -> None:
    router = make_router(policy, max_price=2.0)
    route(router, 300)
    price = router.select("x").explain().price
    assert price == pytest.approx(2.0)
    assert router.predict("x").price == pytest.approx(2.0)
    [sla] = router.report().slas.values()
    assert sla.price_capped > 200
    assert sla.satisfaction_rate is not None
    assert sla.satisfaction_rate < sla.target - 0.2


def test_without_a_cap_the_target_is_reached() -> None:
    router = make_router(DEFAULT)
    assert route(router, 400)[-100:].count("large") > 50
    assert router.report().slas["default"].price_capped == 0


def test_it_is_amended_and_kept_in_a_folder(tmp_path: Path) -> None:
    def opened(**kw: Any) -> Router:
        models = make_router().models
        return Router.open(
            tmp_path / "router", models, SLA(0.7), DEFAULT, featurizer=StubFeaturizer(), **kw
        )

    with opened(max_price=2.0) as router:
        route(router, 200)
        router.amend(max_price=1.5)
        assert router.select("x").explain().price == pytest.approx(1.5)
        counted = router.report().slas["default"].price_capped
        copy, _ = router._core.recover(tmp_path / "router")
        assert copy.to_bytes() == router.to_bytes()
    with opened() as again:
        assert again.recovery is not None
        assert "max_price: amended from 1.5 to 1e+18" in again.recovery.notes
        assert again.report().slas["default"].price_capped == counted > 100
        assert (again.select("x").explain().price or 0.0) > 2.0


@pytest.mark.parametrize("wrong", [math.nan, -1.0, math.inf, True, "1"])
def test_what_is_no_price_is_refused(wrong: Any) -> None:
    router = make_router(DEFAULT)
    before = router.to_bytes()
    with pytest.raises(ConfigError, match="max_price: "):
        router.amend(max_price=wrong)
    with pytest.raises(ConfigError, match="max_price: "):
        make_router(DEFAULT, max_price=wrong)
    assert router.to_bytes() == before


def test_satisfaction_as_the_objective_has_no_price() -> None:
    limits = [Limit("cost", mean=2.0)]
    with pytest.raises(ConfigError, match="max_price: must be left out"):
        make_router(DEFAULT, objective="satisfaction", limits=limits, max_price=2.0)

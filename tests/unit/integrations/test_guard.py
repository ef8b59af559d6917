"""The guard: nothing fails a request, everything left out is counted, ratings go to who served."""

from __future__ import annotations

from typing import Any

import pytest

from messplus import FeedbackError, Model, TokenPrice
from messplus.integrations.failure import Failure
from messplus.integrations.guard import Guard
from messplus.usage import Usage
from tests.zoo import make_router


def test_a_rating_by_id_goes_to_the_model_that_stood_in() -> None:
    guard = Guard(make_router())
    decision = guard.select(prompt="x")
    assert decision is not None
    served = decision.ranking[1]
    guard.failed(decision, decision.model, Failure())
    guard.served(decision, served, cost=2.0, latency=0.1)
    guard.rate(decision.id, satisfied=True)
    report = guard.router.report().models
    assert (report[served].rated, report[served].cost, report[served].timed) == (1, 2.0, 1)
    assert report[decision.model].rated == 0
    assert report[decision.model].failed == 1
    assert not guard.errors


def test_a_rating_is_refused_and_not_left_out() -> None:
    guard = Guard(make_router())
    with pytest.raises(FeedbackError):
        guard.rate("0" * 32, satisfied=True)


def test_what_fails_is_counted_and_never_quoted(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(make_router())

    def broken(**_: Any) -> None:
        raise RuntimeError("my secret prompt")

    guard.router.select = broken  # type: ignore[method-assign, assignment]
    assert guard.select(prompt="my secret prompt") is None
    guard.served(Guard(make_router()).select(prompt="x"), "small", cost=1.0)  # type: ignore[arg-type]
    assert guard.errors == {"select": 1, "served": 1}
    assert "secret" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_prices_per_token_give_the_cost_of_a_call() -> None:
    price = TokenPrice(input=1.0, output=2.0, output_tokens=10)
    router = make_router(models=[Model("priced", price), Model("flat", 3.0)])
    guard = Guard(router)
    for model in ("priced", "flat"):
        decision = guard.select(prompt="x")
        assert decision is not None
        guard.served(decision, model, usage=Usage(1000, 500), latency=1.0)
    models = router.report().models
    assert models["priced"].cost == pytest.approx(0.002)
    assert (models["flat"].costed, models["flat"].timed) == (0, 1)
    assert guard.errors == {}

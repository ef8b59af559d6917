"""Prompt caches: what is expected of them, what that does to costs, and what it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messplus import SLA, InputError, Model, Router, TokenPrice
from messplus.routing.caches import PromptCaches
from messplus.usage import Usage
from tests.conversations import TARGET, simulate
from tests.zoo import StubFeaturizer

if TYPE_CHECKING:
    from pathlib import Path

WARM = TokenPrice(2.0, 10.0, output_tokens=100, cached_input=0.5)
ZOO = [Model("warm", WARM), Model("cold", TokenPrice(1.0, 5.0, output_tokens=100))]


def router() -> Router:
    return Router(ZOO, SLA(0.5), featurizer=StubFeaturizer())


def usage(cached: int) -> dict[str, object]:
    details = {"cached_tokens": cached}
    return {"prompt_tokens": 4000, "completion_tokens": 50, "prompt_tokens_details": details}


def test_cached_tokens_are_expected_at_their_price() -> None:
    prices = router().predict("x", input_tokens=10_000).candidates
    cached_tokens = {"warm": 8000, "cold": 8000}
    cached = router().predict("x", input_tokens=10_000, cached_tokens=cached_tokens).candidates
    # 10,000 at 2.0 and an answer of 100 at 10.0; then 2,000 at 2.0 and 8,000 at 0.5.
    share = (2000 * 2.0 + 8000 * 0.5 + 1000) / (10_000 * 2.0 + 1000)
    assert cached["warm"].expected_cost / prices["warm"].expected_cost == pytest.approx(share)
    # No price of cached tokens: as any others.
    assert cached["cold"].expected_cost == prices["cold"].expected_cost


def test_a_bill_with_a_discount_teaches_nothing_about_the_price() -> None:
    """What was cached explains the bill: the next cold call is expected to cost the list price."""
    told, untold = router(), router()
    for number in range(30):
        cached = 3900 if number % 2 else 0
        price = WARM.cost(4000, 100, cached)
        for one, said in ((told, usage(cached)), (untold, None)):
            decision = one.select("x", allowed=["warm"], input_tokens=4000)
            one.feedback(decision, satisfied=True, cost=price, usage=said)
    listed = WARM.cost(4000)
    expected = [
        one.predict("x", input_tokens=4000).candidates["warm"].expected_cost
        for one in (told, untold)
    ]
    assert expected[0] == pytest.approx(listed, rel=0.05)
    assert expected[1] < 0.85 * listed


def test_usage_without_a_cost_costs_the_listed_price() -> None:
    one = router()
    decision = one.select("x", session="c", allowed=["warm"])
    one.feedback(decision, usage=usage(1000))
    assert one.report().cost == pytest.approx(WARM.cost(4000, 50, 1000))
    other = one.select("x", session="c", allowed=["cold"])
    one.feedback(other.id, usage={"warm": usage(0)})
    assert one.report().models["warm"].costed == 2


def test_a_session_learns_what_stays_cached() -> None:
    one, now = router(), [0.0]
    one.caches.clock = lambda: now[0]

    def call(cached: int) -> dict[str, int] | None:
        expected = one.caches.expected("c")
        decision = one.select("x", session="c", allowed=["warm"], input_tokens=4000)
        one.feedback(decision, usage=usage(cached))
        now[0] += 10.0
        return expected

    assert [call(cached) for cached in (0, 3000, 3000)] == [None, None, {"warm": 3000}]
    assert one.caches.expected("another") is None
    now[0] += one.caches.ttl
    assert one.caches.expected("c") is None
    assert one.select("x", session="c", cached_tokens={}).expected_cost["warm"] > 0.0


def test_caches_forget_the_oldest_conversations() -> None:
    caches = PromptCaches()
    for number in range(20_000):
        for _ in range(2):
            caches.decided(f"d{number}", f"c{number}")
            caches.called(f"d{number}", "warm", Usage(1000, 10, 900))
    assert caches.expected("c0") is None
    assert caches.expected("c19999") == {"warm": 900}
    caches.ttl = 0.0
    assert caches.expected("c19999") is None


def test_a_folder_comes_back_with_what_the_caches_taught(tmp_path: Path) -> None:
    with Router.open(tmp_path, ZOO, SLA(0.5), featurizer=StubFeaturizer()) as one:
        for number in range(30):
            decision = one.select("x", session="c", cached_tokens={"warm": 100 * number})
            one.feedback(decision, number % 2 > 0, usage=usage(number))
            one.select("waits", cached_tokens={"warm": 7, "cold": 9}, costs={"cold": 1.0})
        core, _ = type(one._core).recover(tmp_path)
        assert core.to_bytes() == one.to_bytes()


@pytest.mark.parametrize(
    ("cached", "message"),
    [
        ({"other": 1}, "cached_tokens"),
        ({"warm": -1}, "cached_tokens: must be"),
        ({"warm": 1.5}, "cached_tokens: must be"),
        (3, "cached_tokens: must be"),
    ],
)
def test_other_cached_tokens_are_refused(cached: dict[str, int], message: str) -> None:
    one = router()
    with pytest.raises(InputError, match=message):
        one.select("x", cached_tokens=cached)
    assert one.report().decisions == 0


def test_other_usage_is_refused() -> None:
    one = router()
    decision = one.select("x")
    with pytest.raises(InputError, match="usage: must be the usage of a response"):
        one.feedback(decision, satisfied=True, usage={"tokens": 3})
    assert one.report().rated == 0


def test_knowing_of_caches_saves_on_conversations() -> None:
    blind, learned = simulate("blind to caches", 4000), simulate("learned from usage", 4000)
    constant = simulate("switching_cost 0.5", 4000)
    assert min(blind.satisfaction, learned.satisfaction) > TARGET - 0.01
    assert learned.cost < 0.92 * blind.cost
    assert learned.cost < constant.cost
    assert learned.cached > blind.cached

"""Feedback: late, out of order, twice, partly, for another model, or wrong."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import FeedbackError, InputError, Router
from tests.zoo import always_exploring, make_router, never_exploring

if TYPE_CHECKING:
    from messplus import Decision


@pytest.fixture
def router() -> Router:
    return make_router(never_exploring(), target=0.75)


def rated(router: Router) -> tuple[int, float | None, float]:
    report = router.report()
    return report.rated, report.satisfaction_rate, report.backlog


@pytest.mark.parametrize(
    ("satisfied", "value"),
    [
        (True, 1.0),
        (False, 0.0),
        (0.25, 0.25),
        (1, 1.0),
        (np.True_, 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(0), 0.0),
        ({"small": True}, 1.0),
        ({"small": 0.5}, 0.5),
        (MappingProxyType({"small": 0.5}), 0.5),
    ],
)
def test_a_rating_may_be_a_truth_a_grade_or_a_mapping(
    router: Router, satisfied: Any, value: float
) -> None:
    router.feedback(router.select("x"), satisfied=satisfied)
    assert rated(router) == (1, value, max(0.0, 0.75 - value))


def test_the_id_will_do_for_the_decision() -> None:
    by_decision, by_id = (make_router(seed=3) for _ in range(2))
    by_decision.feedback(by_decision.select("x"), satisfied=0.5, cost=2.0)
    by_id.feedback(by_id.select("x").id, satisfied=0.5, cost=2.0)
    assert by_decision.report() == by_id.report()


def test_feedback_may_come_late_and_out_of_order(router: Router) -> None:
    decisions = [router.select(str(n)) for n in range(100)]
    for decision in reversed(decisions):
        router.feedback(decision, satisfied=False)
    assert rated(router) == (100, 0.0, 75.0)
    assert router.report().pending == 0


def test_a_decision_counts_once(router: Router) -> None:
    decision = router.select("x")
    router.feedback(decision, satisfied=False, cost=1.0, latency=0.1)
    before = router.to_bytes()
    for again in (
        {"satisfied": True},
        {"cost": 1.0},
        {"latency": 0.1},
        {"satisfied": {"small": 0}},
    ):
        with pytest.raises(FeedbackError, match=f"small.*{decision.id}"):
            router.feedback(decision, **again)
        assert router.to_bytes() == before


def test_parts_may_come_one_by_one(router: Router) -> None:
    decision = router.select("x")
    router.feedback(decision, cost=0.5)
    assert (router.report().cost, router.report().rated) == (0.5, 0)
    router.feedback(decision, latency=0.25)
    router.feedback(decision, satisfied=False)
    assert rated(router) == (1, 0.0, 0.75)
    assert router.report().models["small"].mean_latency == 0.25


def test_a_bill_moves_the_expected_cost(router: Router) -> None:
    for cost in (4.0, 8.0):
        router.feedback(router.select("x", allowed=["small"]), cost=cost)
    assert router.select("x").expected_cost["small"] == 6.0


def test_credit_goes_to_the_model_that_served(router: Router) -> None:
    decision = router.select("x")
    assert decision.model == "small"
    router.feedback(decision, satisfied={"large": 0.25}, cost={"large": 9.0})
    report = router.report()
    assert rated(router) == (1, 0.25, 0.5)
    assert report.models["large"].satisfaction_rate == 0.25
    assert (report.models["large"].cost, report.models["small"].costed) == (9.0, 0)
    # The chosen model may still be rated; the request has been accounted for.
    router.feedback(decision, satisfied={"small": 1.0})
    assert rated(router) == (1, 0.25, 0.5)


def test_exploring_takes_the_ratings_and_bills_of_all() -> None:
    router = make_router(always_exploring(), target=0.75)
    decision = router.select("x")
    ratings, costs = {"small": 0, "medium": 1, "large": 0.5}, {"small": 1.5, "large": 9.5}
    router.feedback(decision, satisfied=ratings, cost=costs, latency={"medium": 2})
    assert rated(router) == (1, 0.5, 0.25)
    assert router.report().cost == 11.0
    p_satisfied = router.select("x").p_satisfied
    assert p_satisfied["small"] < p_satisfied["large"] == 0.5 < p_satisfied["medium"]


def test_learning_alone_is_no_service() -> None:
    router = make_router(always_exploring(), target=0.75)
    decision = router.select("x")
    router.feedback(decision, satisfied={"small": 0.0, "medium": 0.0})
    assert rated(router) == (0, None, 0.0)
    router.feedback(decision, satisfied={"large": 0.0})
    assert rated(router) == (1, 0.0, 0.75)


def test_the_paper_learns_from_exploring_requests_only(router: Router) -> None:
    for _ in range(5):
        router.feedback(router.select("x"), satisfied=False)
    assert set(router.select("x").p_satisfied.values()) == {0.5}


# Refusals


def known(router: Router) -> Decision:
    return router.select("x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "feedback: "),
        ({"satisfied": {}}, "feedback: "),
        ({"satisfied": -0.1}, r"satisfied\[\"small\"\]: .*\[0, 1\].*got -0\.1"),
        ({"satisfied": 1.1}, r"satisfied\[\"small\"\]: .*got 1\.1"),
        ({"satisfied": float("nan")}, r"satisfied\[\"small\"\]: .*got NaN"),
        ({"satisfied": "yes"}, "satisfied: .*got 'yes'"),
        ({"satisfied": [True]}, r"satisfied: .*got \[True\]"),
        ({"satisfied": {"huge": True}}, "satisfied: .*got 'huge'"),
        ({"satisfied": {"small": True, "large": 2}}, r"satisfied\[\"large\"\]: .*got 2"),
        ({"satisfied": True, "cost": -1.0}, r"cost\[\"small\"\]: .*got -1"),
        ({"satisfied": True, "cost": float("inf")}, r"cost\[\"small\"\]: .*got inf"),
        ({"satisfied": True, "cost": {"small": 1.0, "huge": 1.0}}, "cost: .*got 'huge'"),
        ({"satisfied": True, "latency": float("nan")}, r"latency\[\"small\"\]: .*got NaN"),
        ({"satisfied": True, "latency": {"small": "fast"}}, "latency: .*got 'fast'"),
    ],
)
def test_a_bad_value_is_named_and_changes_nothing(
    router: Router, arguments: dict[str, Any], message: str
) -> None:
    decision = known(router)
    before = router.to_bytes()
    with pytest.raises(InputError, match=f"^{message}"):
        router.feedback(decision, **arguments)
    assert router.to_bytes() == before
    router.feedback(decision, satisfied=True)


@pytest.mark.parametrize(
    "decision", ["0" * 32, "short", "g" * 32, "+" + "0" * 31, "", b"0" * 32, 7, None, "é" * 16]
)
def test_an_unknown_decision_is_refused(router: Router, decision: Any) -> None:
    known(router)
    before = router.to_bytes()
    with pytest.raises(FeedbackError, match=r"^decision: "):
        router.feedback(decision, satisfied={"small": True})
    with pytest.raises(FeedbackError, match=r"^decision: "):
        router.feedback(decision, satisfied=True)
    assert router.to_bytes() == before


def test_a_decision_of_another_router_is_refused(router: Router) -> None:
    other = make_router().select("x")
    before = router.to_bytes()
    with pytest.raises(FeedbackError, match=other.id):
        router.feedback(other, satisfied=True)
    assert router.to_bytes() == before


def test_the_oldest_decision_expires_when_the_ledger_is_full() -> None:
    router = make_router(never_exploring(), pending_capacity=3)
    first, *others = [router.select("x") for _ in range(4)]
    with pytest.raises(FeedbackError, match=f"expired.*{first.id}"):
        router.feedback(first, satisfied=True)
    for decision in others:
        router.feedback(decision, satisfied=True)
    report = router.report()
    assert (report.evicted, report.rated, report.pending) == (1, 3, 0)


def test_forgetting_a_rated_decision_is_no_eviction() -> None:
    router = make_router(never_exploring(), pending_capacity=1)
    for _ in range(3):
        router.feedback(router.select("x"), satisfied=True)
    assert router.report().evicted == 0

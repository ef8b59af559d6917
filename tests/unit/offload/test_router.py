"""The run-time router: budgets, order of calls, state, threads."""

import math
import threading
from pathlib import Path

import pytest

from messplus.exceptions import (
    FeedbackError,
    InputError,
    ShapeError,
    StateError,
    StateVersionError,
)
from messplus.offload import ActionSpace, Budget, CostTable, OffloadRouter, generate

SPACE = ActionSpace(("first person", "side", "overhead"))
TASKS = ("query", "message")
COSTS = CostTable.published("wifi")


def make(**settings: float) -> OffloadRouter:
    return OffloadRouter(SPACE, TASKS, COSTS, **settings)  # type: ignore[arg-type]


def play(router: OffloadRouter, budget: Budget, turns: int = 5) -> list[tuple[int, str]]:
    conversation = router.start(budget=budget)
    seen: list[tuple[int, str]] = []
    for t in range(turns):
        decision = conversation.decide(TASKS[t % 2], association=[0.2, 0.3, 0.25])
        seen.append((decision.action, decision.reason))
        conversation.record(decision.expected_latency, decision.expected_cost, score=1.0)
    conversation.finish()
    return seen


def test_a_decision_says_what_to_do() -> None:
    conversation = make().start(Budget(latency=30.0, cost=0.05))
    decision = conversation.decide("query", association=[0.2, 0.3, 0.25])
    action = SPACE.decode(decision.action)
    assert (decision.location, decision.modalities) == (action.location, action.modalities)
    level = SPACE.level(decision.action)
    assert decision.expected_latency == COSTS.latency[level]
    assert decision.expected_cost == COSTS.cost[level]
    conversation.record(latency=1.5, cost=0.004)
    assert conversation.turn == 1
    assert conversation.spent == Budget(1.5, 0.004)
    assert conversation.remaining == pytest.approx((28.5, 0.046))


def test_without_money_everything_runs_locally() -> None:
    router = make()
    assert play(router, Budget(latency=10.0, cost=1e-6)) == [(0, "budget")] * 5
    assert play(router, Budget(latency=0.0, cost=0.0)) == [(0, "exhausted")] * 5


def test_an_overrun_by_a_slow_call_leaves_only_local() -> None:
    conversation = make().start(Budget(latency=10.0, cost=0.05))
    conversation.decide("query")
    conversation.record(latency=11.0, cost=0.001)
    assert conversation.remaining[0] == pytest.approx(-1.0)
    decision = conversation.decide("query")
    assert (decision.location, decision.reason) == ("local", "exhausted")


def test_the_order_of_calls_is_enforced() -> None:
    conversation = make().start()
    with pytest.raises(FeedbackError, match="decision to record"):
        conversation.record(1.0, 0.0)
    conversation.decide("query")
    with pytest.raises(FeedbackError, match="recorded before the next"):
        conversation.decide("query")
    with pytest.raises(FeedbackError, match="before the conversation is finished"):
        conversation.finish()
    conversation.record(1.0, 0.0)
    conversation.finish()
    with pytest.raises(FeedbackError, match="finished"):
        conversation.decide("query")
    with pytest.raises(FeedbackError, match="finished"):
        conversation.finish()


def test_bad_arguments_are_refused_and_change_nothing() -> None:
    router = make()
    conversation = router.start(Budget(5.0, 0.01))
    before = router.to_bytes(), conversation.to_bytes()
    with pytest.raises(InputError, match="'song'"):
        conversation.decide("song")
    with pytest.raises(InputError, match="association"):
        conversation.decide("query", association=[0.1, 0.2])
    with pytest.raises(InputError, match="association"):
        conversation.decide("query", association=[0.1, math.nan, 0.2])
    with pytest.raises(ShapeError, match="association"):
        conversation.decide("query", association=[[0.1, 0.2, 0.3]])
    with pytest.raises(InputError, match="turns"):
        router.start(turns=0)
    assert (router.to_bytes(), conversation.to_bytes()) == before
    conversation.decide("query")
    for latency, cost, score in [(-1.0, 0.0, None), (1.0, math.nan, None), (1.0, 0.0, -1.0)]:
        with pytest.raises(InputError, match="must be finite and >= 0"):
            conversation.record(latency, cost, score)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_turns": 17}, "max_turns"),
        ({"optimism": -1.0}, "optimism"),
        ({"cost_rate": 2.0}, "rate"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**settings)


def test_learns_scores_and_lengths() -> None:
    router = make(optimism=0.0)
    for _ in range(30):
        conversation = router.start(Budget(30.0, 0.05))
        for task in TASKS:
            decision = conversation.decide(task)
            score = 3.0 if decision.location == "local" else 0.2
            conversation.record(1.0, 0.0, score=score)
        conversation.finish()
    assert router.native.seen == 60
    assert router.start().decide("query").location == "local"


def test_measured_costs_replace_declared_ones() -> None:
    router = make(cost_rate=0.5)
    conversation = router.start()
    level = SPACE.level(conversation.decide("query").action)
    conversation.record(latency=9.0, cost=0.5)
    latency, cost = router.native.costs
    assert latency[level] == pytest.approx((COSTS.latency[level] + 9.0) / 2)
    assert cost[level] == pytest.approx((COSTS.cost[level] + 0.5) / 2)


def test_state_survives_and_decides_alike(tmp_path: Path) -> None:
    data = generate(3, 2, 4, dialogues=200, seed=1)
    router = OffloadRouter(data.space, data.tasks, CostTable.synthetic(3)).fit(data)
    path = tmp_path / "router.bin"
    router.save(path)
    again = OffloadRouter.load(path, data.space, data.tasks)
    one, other = (r.start(Budget(9.0, 0.02)) for r in (router, again))
    for t in range(4):
        decisions = {c.decide(data.tasks[t % 2], [0.1, 0.2, 0.3]) for c in (one, other)}
        assert len(decisions) == 1
        (decision,) = decisions
        for conversation in (one, other):
            conversation.record(decision.expected_latency, decision.expected_cost, 1.2)
        other = again.resume(other.to_bytes())
    assert router.to_bytes() == again.to_bytes()


def test_foreign_state_is_refused(tmp_path: Path) -> None:
    state = make().to_bytes()
    (tmp_path / "router.bin").write_bytes(state[:-1])
    with pytest.raises(StateError, match=r"router\.bin: state: must match its checksum"):
        OffloadRouter.load(tmp_path / "router.bin", SPACE, TASKS)
    with pytest.raises(StateError, match="checksum"):
        OffloadRouter.from_bytes(state[:-1] + bytes([state[-1] ^ 1]), SPACE, TASKS)
    with pytest.raises(StateError, match="label"):
        OffloadRouter.from_bytes(b"something else", SPACE, TASKS)
    with pytest.raises(StateVersionError, match="format must be 1, got 99"):
        OffloadRouter.from_bytes(state[:5] + b"\x63" + state[6:], SPACE, TASKS)
    with pytest.raises(StateError, match="modalities and tasks"):
        OffloadRouter.from_bytes(state, SPACE, (*TASKS, "more"))


@pytest.mark.timeout(60)
def test_threads_share_a_router() -> None:
    router = make()
    budget = Budget(latency=8.0, cost=0.02)
    overruns: list[tuple[float, float]] = []

    def serve() -> None:
        for _ in range(40):
            conversation = router.start(budget)
            for t in range(5):
                decision = conversation.decide(TASKS[t % 2], [0.2, 0.3, 0.1])
                conversation.record(decision.expected_latency, decision.expected_cost, 1.0)
            conversation.finish()
            if min(conversation.remaining) < -1e-9:
                overruns.append(conversation.remaining)

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overruns
    assert router.native.seen == 8 * 40 * 5

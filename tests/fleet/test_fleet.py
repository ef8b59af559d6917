"""Replicas that share their log, in a real Redis server or in a folder."""

from __future__ import annotations

import math
import multiprocessing
import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, FeedbackError, InputError, Model, Router, StateError
from messplus.fleet import member

from .fleets import ZOO, close, fleet, settle, until

if TYPE_CHECKING:
    from .engines import Engine


def test_feedback_reaches_any_replica_and_counts_once(engine: Engine) -> None:
    routers = fleet(engine, 3)
    decisions = [routers[n % 3].select(f"question {n}") for n in range(60)]
    for n, decision in enumerate(decisions):
        # By another replica, which may not know of the decision yet.
        routers[(n + 1) % 3].feedback(decision.id, satisfied=n % 4 > 0, cost=0.1)
    settle(*routers)
    reports = [router.report() for router in routers]
    assert [report.rated for report in reports] == [60] * 3
    assert [report.decisions for report in reports] == [60] * 3
    assert reports[0].cost == pytest.approx(6.0)
    assert reports[0] == reports[1] == reports[2]
    assert routers[0].to_bytes() == routers[1].to_bytes() == routers[2].to_bytes()
    with pytest.raises(FeedbackError):
        routers[2].feedback(decisions[0].id, satisfied=True)
    close(*routers)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"satisfied": math.nan}, "satisfied: must be in [0, 1], got NaN"),
        ({"satisfied": 2.0}, "satisfied: must be in [0, 1], got 2"),
        ({"satisfied": {"small": -1.0}}, 'satisfied["small"]: must be in [0, 1], got -1'),
        ({"satisfied": True, "cost": -1.0}, "cost: must be in [0, 1e18], got -1"),
        ({"satisfied": True, "latency": math.inf}, "latency: must be in [0, 1e18], got inf"),
        ({"satisfied": True, "source": ""}, "source: "),
    ],
    ids=str,
)
def test_wrong_feedback_is_refused_where_the_decision_is_not_known(
    engine: Engine, wrong: dict[str, Any], words: str
) -> None:
    one, two = fleet(engine)
    settle(one, two)
    before = one.report()
    with pytest.raises(InputError, match=re.escape(words)):
        two.feedback("0" * 32, **wrong)
    settle(one, two)
    after = one.report()
    assert after.fleet is not None
    assert before.fleet is not None
    assert after.fleet.position == before.fleet.position
    assert after == before
    close(one, two)


def test_the_second_of_two_ratings_that_cross_is_refused_and_counted(engine: Engine) -> None:
    one, two = fleet(engine)
    decision = one.select("question", id="a")
    settle(one, two)
    one.feedback("a", satisfied=True)
    two.feedback(decision.id, satisfied=False)
    settle(one, two)
    report = two.report()
    assert report.rated == 1
    assert report.fleet is not None
    assert report.fleet.refused == 1
    close(one, two)


def test_routes_on_while_the_log_is_away_and_loses_nothing(engine: Engine) -> None:
    one, two = fleet(engine)
    before = [one.select(f"before {n}") for n in range(20)]
    settle(one, two)
    engine.go_away()
    for decision in before:
        two.feedback(decision.id, satisfied=True)
    during = [one.select(f"during {n}") for n in range(30)]
    for decision in during:
        one.feedback(decision, satisfied=False)
    until(lambda: (fleet := one.report().fleet) is not None and fleet.degraded)
    report = one.report().fleet
    assert report is not None
    assert report.unsent >= 60
    assert report.error is not None
    with pytest.raises(StateError):
        one.checkpoint()
    engine.return_()
    until(lambda: one.report().rated == two.report().rated == 50)
    settle(one, two)
    assert one.to_bytes() == two.to_bytes()
    after = one.report().fleet
    assert after is not None
    assert (after.degraded, after.unsent, after.error) == (False, 0, None)
    close(one, two)


def test_a_log_that_lost_everything_gets_it_back(engine: Engine) -> None:
    one, two = fleet(engine)
    for n in range(20):
        two.feedback(two.select(f"question {n}"), satisfied=True)
    settle(one, two)
    engine.lose_all()
    two.feedback(two.select("another question"), satisfied=True)
    settle(two, one)
    assert one.report().rated == two.report().rated == 21
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_what_a_crash_took_back_is_sent_again(engine: Engine) -> None:
    one, two = fleet(engine)
    for n in range(20):
        one.feedback(one.select(f"question {n}"), satisfied=True)
    settle(one, two)
    engine.lose_the_last()
    # On the place of the batch that was lost.
    two.feedback(two.select("another question"), satisfied=True)
    settle(two, one)
    settle(two, one)
    assert one.report().rated == two.report().rated == 21
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_snapshots_cut_the_log_and_newcomers_begin_there(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(member, "SNAPSHOT_PAUSE", 0.0)
    monkeypatch.setattr("messplus.fleet.redis.LEASE_MS", 1)
    monkeypatch.setattr("messplus.fleet.folder.SEGMENT", 1)
    monkeypatch.setattr(member, "ALIVE_EVERY", 0.0)
    one, two = fleet(engine)
    for n in range(20):
        one.feedback(one.select(f"question {n}"), satisfied=True)
        settle(one, two)
    assert engine.length() < 20
    three = Router.open(engine.address)
    settle(one, two, three)
    assert three.report().rated == 20
    assert three.to_bytes() == one.to_bytes()
    close(one, two, three)


def _worker(address: str, done: multiprocessing.synchronize.Event) -> None:
    router = Router.open(address)
    for n in range(50):
        router.feedback(router.select(f"question {n}"), satisfied=True)
    router.checkpoint()
    done.set()
    while True:
        router.feedback(router.select("on and on"), satisfied=True)
        time.sleep(0.001)


def test_a_killed_replica_leaves_what_it_had_sent(engine: Engine) -> None:
    one = Router.open(engine.address, ZOO, SLA(0.8))
    context = multiprocessing.get_context("spawn")
    done = context.Event()
    process = context.Process(target=_worker, args=(engine.address, done))
    process.start()
    assert done.wait(30)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    two = Router.open(engine.address)
    settle(one, two)
    assert one.report().rated >= 50
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_a_forked_child_is_a_replica_of_its_own(engine: Engine) -> None:
    router = Router.open(engine.address, ZOO, SLA(0.8))
    decisions = [router.select(f"question {n}") for n in range(10)]
    child = os.fork()
    if child == 0:
        # No exception may reach the test's own machinery.
        code = 1
        try:
            for n, decision in enumerate(decisions):
                router.feedback(decision.id, satisfied=n > 0)
                router.feedback(router.select(f"of the child {n}"), satisfied=True)
            router.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    settle(router)
    report = router.report()
    assert (report.decisions, report.rated) == (20, 20)
    close(router)


def test_garbage_in_the_log_is_passed_over_and_counted(engine: Engine) -> None:
    one, two = fleet(engine)
    engine.add_garbage()
    one.feedback(one.select("question"), satisfied=True)
    settle(one, two)
    for router in (one, two):
        report = router.report()
        assert report.fleet is not None
        assert (report.fleet.damaged, report.rated) == (1, 1)
    close(one, two)


def test_models_and_targets_change_for_all(engine: Engine) -> None:
    one, two = fleet(engine)
    one.add_model(Model("medium", cost=0.4))
    one.amend(slas=SLA(0.9))
    settle(one, two)
    assert [model.name for model in two.models] == ["small", "large", "medium"]
    assert two.report().target == 0.9
    assert two.select("question", allowed=["medium"]).model == "medium"
    close(one, two)

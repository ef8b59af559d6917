"""Replicas that share their log in a real Redis server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, ConfigError, FeedbackError, Model, Router, StateError
from messplus.fleet import member

from .fleets import ZOO, close, fleet, settle, until

if TYPE_CHECKING:
    from tests.redis_server import Server

# As if the last second had not reached the disk: the log ends before its last batch.
REWIND = """
local head = redis.call('HMGET', KEYS[1], 'n', 'base', 'base_tail')
local before, tail = head[1] - 1, head[3]
if before ~= tonumber(head[2]) then
  tail = redis.call('XRANGE', KEYS[2], before .. '-0', before .. '-0')[1][2][2]
end
redis.call('HSET', KEYS[1], 'n', before, 'tail', tail)
redis.call('XDEL', KEYS[2], head[1] .. '-0')
redis.call('XSETID', KEYS[2], before .. '-0')
"""


def test_feedback_reaches_any_replica_and_counts_once(server: Server) -> None:
    routers = fleet(server, 3)
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


def test_the_second_of_two_ratings_that_cross_is_refused_and_counted(server: Server) -> None:
    one, two = fleet(server)
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


def test_routes_on_while_the_server_is_away_and_loses_nothing(server: Server) -> None:
    one, two = fleet(server)
    before = [one.select(f"before {n}") for n in range(20)]
    settle(one, two)
    server.kill()
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
    server.start()
    until(lambda: one.report().rated == two.report().rated == 50)
    settle(one, two)
    assert one.to_bytes() == two.to_bytes()
    after = one.report().fleet
    assert after is not None
    assert (after.degraded, after.unsent, after.error) == (False, 0, None)
    close(one, two)


def test_a_server_that_lost_everything_gets_it_back(server: Server) -> None:
    one, two = fleet(server)
    for n in range(20):
        two.feedback(two.select(f"question {n}"), satisfied=True)
    settle(one, two)
    server.command("FLUSHALL")
    two.feedback(two.select("another question"), satisfied=True)
    settle(two, one)
    assert one.report().rated == two.report().rated == 21
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_what_a_crash_of_the_server_took_back_is_sent_again(server: Server) -> None:
    one, two = fleet(server)
    for n in range(20):
        one.feedback(one.select(f"question {n}"), satisfied=True)
    settle(one, two)
    server.command("EVAL", REWIND, "2", "messplus:{test}:head", "messplus:{test}:stream")
    # On the place of the batch that was lost.
    two.feedback(two.select("another question"), satisfied=True)
    settle(two, one)
    settle(two, one)
    assert one.report().rated == two.report().rated == 21
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_snapshots_cut_the_log_and_newcomers_begin_there(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(member, "SNAPSHOT_PAUSE", 0.0)
    monkeypatch.setattr("messplus.fleet.redis.LEASE_MS", 1)
    monkeypatch.setattr(member, "ALIVE_EVERY", 0.0)
    one, two = fleet(server)
    for n in range(20):
        one.feedback(one.select(f"question {n}"), satisfied=True)
        settle(one, two)
    assert int(server.command("XLEN", "messplus:{test}:stream")) < 20
    three = Router.open(server.address)
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


def test_a_killed_replica_leaves_what_it_had_sent(server: Server) -> None:
    one = Router.open(server.address, ZOO, SLA(0.8))
    context = multiprocessing.get_context("spawn")
    done = context.Event()
    process = context.Process(target=_worker, args=(server.address, done))
    process.start()
    assert done.wait(30)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    two = Router.open(server.address)
    settle(one, two)
    assert one.report().rated >= 50
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_a_forked_child_is_a_replica_of_its_own(server: Server) -> None:
    router = Router.open(server.address, ZOO, SLA(0.8))
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


def test_garbage_in_the_log_is_passed_over_and_counted(server: Server) -> None:
    one, two = fleet(server)
    keys = "messplus:{test}:"
    script = (
        "local n = redis.call('HINCRBY', KEYS[1], 'n', 1);"
        "redis.call('HSET', KEYS[1], 'tail', 'x');"
        "redis.call('XADD', KEYS[2], string.format('%d-0', n), 't', 'x', 'b', 'garbage')"
    )
    server.command("EVAL", script, "2", keys + "head", keys + "stream")
    one.feedback(one.select("question"), satisfied=True)
    settle(one, two)
    for router in (one, two):
        report = router.report()
        assert report.fleet is not None
        assert (report.fleet.damaged, report.rated) == (1, 1)
    close(one, two)


def test_models_and_targets_change_for_all(server: Server) -> None:
    one, two = fleet(server)
    one.add_model(Model("medium", cost=0.4))
    one.amend(slas=SLA(0.9))
    settle(one, two)
    assert [model.name for model in two.models] == ["small", "large", "medium"]
    assert two.report().target == 0.9
    assert two.select("question", allowed=["medium"]).model == "medium"
    close(one, two)


def test_refuses_what_is_not_this_fleet(server: Server) -> None:
    with pytest.raises(ConfigError, match=r"models: must be given where .* holds no router yet"):
        Router.open(server.address)
    with pytest.raises(ConfigError, match="path: must name the fleet"):
        Router.open(server.address.split("?")[0])
    router = Router.open(server.address, ZOO, SLA(0.8), seed=1)
    with pytest.raises(ConfigError, match="seed: must be as in redis://"):
        Router.open(server.address, ZOO, SLA(0.8), seed=2)
    close(router)
    server.command("SET", "messplus:{other}:snapshot", "something else")
    with pytest.raises(StateError, match="WRONGTYPE"):
        Router.open(server.address.replace("test", "other"), ZOO, SLA(0.8))
    server.command("HSET", "messplus:{third}:snapshot", "n", "0", "tail", "x", "state", "y")
    server.command("HSET", "messplus:{third}:head", "n", "0", "tail", "x")
    with pytest.raises(StateError):
        Router.open(server.address.replace("test", "third"), ZOO, SLA(0.8))

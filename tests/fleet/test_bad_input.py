"""Servers, keys and clocks that are not as they should be: told at open, or visible later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, Router, StateError
from messplus.exceptions import StateVersionError

from .fleets import ZOO, close, fleet, serve, settle, standing, until

if TYPE_CHECKING:
    from tests.redis_server import Server

KEYS = "messplus:{test}:"


def snapshot_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let replicas write a snapshot after every batch."""
    monkeypatch.setattr("messplus.fleet.member.SNAPSHOT_EVERY", 1)
    monkeypatch.setattr("messplus.fleet.member.SNAPSHOT_PAUSE", 0.0)
    monkeypatch.setattr("messplus.fleet.redis.LEASE_MS", 1)


def test_a_server_that_is_not_there_is_told_at_once(server: Server) -> None:
    server.kill()
    with pytest.raises(
        StateError, match=r"must be a Redis server that answers, got redis://.*refused"
    ):
        Router.open(server.address, ZOO, SLA(0.8))


def test_a_full_server_is_told_at_open_and_waited_for_later(server: Server) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    server.command("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StateError, match=r"must be writable, got .*maxmemory"):
        Router.open(server.address.replace("test", "new"), ZOO, SLA(0.8))
    serve(one, 10)
    until(lambda: standing(one).degraded)
    assert "maxmemory" in str(standing(one).error)
    assert standing(one).unsent >= 20
    server.command("CONFIG", "SET", "maxmemory", "0")
    settle(one, two)
    assert one.report().rated == two.report().rated == 20
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_a_server_that_only_reads_is_told_at_open_and_waited_for_later(server: Server) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    # A replica of a server that is not there serves what it has.
    server.command("REPLICAOF", "127.0.0.1", "1")
    for address in (server.address, server.address.replace("test", "new")):
        with pytest.raises(StateError, match="read only replica"):
            Router.open(address, ZOO, SLA(0.8))
    serve(two, 10)
    until(lambda: standing(two).degraded)
    assert "read only replica" in str(standing(two).error)
    server.command("REPLICAOF", "NO", "ONE")
    settle(two, one)
    assert one.report().rated == two.report().rated == 20
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


@pytest.mark.parametrize("kind", ["head", "stream", "snapshot", "alive", "read"])
def test_keys_of_another_type_are_refused_and_left_alone(server: Server, kind: str) -> None:
    server.command("SET", KEYS + kind, "something else")
    with pytest.raises(StateError):
        Router.open(server.address, ZOO, SLA(0.8))
    assert server.command("GET", KEYS + kind) == "something else\n"


def test_a_stream_that_was_overwritten_is_waited_for(server: Server) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    server.command("SET", KEYS + "stream", "something else")
    serve(two, 10)
    until(lambda: standing(two).degraded)
    assert "WRONGTYPE" in str(standing(two).error)
    server.command("DEL", KEYS + "stream")
    until(lambda: one.report().rated == two.report().rated == 20)
    settle(two, one)
    assert one.to_bytes() == two.to_bytes()
    three = Router.open(server.address)
    assert three.report().rated == 20
    close(one, two, three)


@pytest.mark.parametrize("lost", [["XDEL", KEYS + "stream", "2-0"], ["DEL", KEYS + "stream"]])
def test_a_hole_in_the_log_is_passed_by_a_snapshot(server: Server, lost: list[str]) -> None:
    (one,) = fleet(server, 1)
    for _ in range(3):
        serve(one, 5)
        one.checkpoint()
    assert standing(one).position >= 3
    server.command(*lost)
    with pytest.raises(StateError, match=r"(entry .* is missing|does not lead on from)"):
        Router.open(server.address)
    until(lambda: server.command("HGET", KEYS + "snapshot", "n") != "0\n")
    two = Router.open(server.address)
    serve(two, 5)
    settle(two, one)
    assert one.report().rated == two.report().rated == 20
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_a_lost_snapshot_is_written_anew_by_who_is_alive(server: Server) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    server.command("DEL", KEYS + "snapshot")
    settle(one, two)
    three = Router.open(server.address)
    assert three.report().rated == 10
    serve(three, 5)
    settle(three, one, two)
    assert one.to_bytes() == two.to_bytes() == three.to_bytes()
    close(one, two, three)
    server.command("DEL", KEYS + "snapshot")
    with pytest.raises(StateError, match="snapshot is lost until a living replica"):
        Router.open(server.address, ZOO, SLA(0.8))


def test_a_lost_head_is_written_anew_by_who_is_alive_or_from_the_snapshot(server: Server) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    server.command("DEL", KEYS + "head")
    serve(two, 5)
    settle(two, one)
    assert one.report().rated == two.report().rated == 15
    assert one.to_bytes() == two.to_bytes()
    close(one, two)
    server.command("DEL", KEYS + "head")
    three = Router.open(server.address, ZOO, SLA(0.8))
    assert three.report().rated >= 10
    close(three)


def test_a_snapshot_of_another_version_is_refused(server: Server) -> None:
    close(*fleet(server, 1))
    # The number of the format, after eight letters.
    change = (
        "local state = redis.call('HGET', KEYS[1], 'state');"
        "redis.call('HSET', KEYS[1], 'state', string.sub(state, 1, 8) .. string.char(99)"
        " .. string.sub(state, 10))"
    )
    server.command("EVAL", change, "1", KEYS + "snapshot")
    with pytest.raises(StateVersionError, match="format"):
        Router.open(server.address, ZOO, SLA(0.8))


def test_a_damaged_snapshot_is_refused(server: Server) -> None:
    close(*fleet(server, 1))
    server.command("HSET", KEYS + "snapshot", "state", "MESSFOLD")
    with pytest.raises(StateError):
        Router.open(server.address, ZOO, SLA(0.8))


@pytest.mark.parametrize("entry", ["*", "7-0", "2-1"])
def test_entries_of_others_are_passed_over_and_counted(server: Server, entry: str) -> None:
    one, two = fleet(server)
    serve(one, 5)
    settle(one, two)
    at = standing(one).position
    assert at == 1
    server.command("XADD", KEYS + "stream", entry, "not", "ours")
    settle(one, two)
    assert not standing(two).degraded
    serve(two, 5)
    settle(two, one)
    for router in (one, two):
        assert router.report().rated == 10
        assert standing(router).damaged == 1
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_a_batch_of_another_version_degrades_who_cannot_read_it(server: Server) -> None:
    one, two = fleet(server)
    serve(one, 5)
    settle(one, two)
    # What a replica of the next version would append: it has read everything before.
    script = (
        "local n = redis.call('HINCRBY', KEYS[1], 'n', 1);"
        "redis.call('HSET', KEYS[1], 'tail', 'x');"
        "redis.call('XADD', KEYS[2], string.format('%d-0', n), 't', 'x',"
        " 'b', 'MESSFLEE' .. string.char(99, 0, 0, 0) .. 'what follows')"
    )
    server.command("EVAL", script, "2", KEYS + "head", KEYS + "stream")
    serve(one, 5)
    until(lambda: standing(one).degraded)
    assert "format" in str(standing(one).error)
    assert standing(one).unsent == 10
    with pytest.raises(StateVersionError, match="format"):
        Router.open(server.address)
    close(one, two)


SKEWED = """
import sys
from messplus import Router
from tests.fleet.fleets import serve
with Router.open(sys.argv[1]) as router:
    serve(router, 40)
"""


@pytest.mark.parametrize("skew", ["-10y", "+10y", "+3600"])
def test_clocks_that_differ_change_nothing_that_matters(server: Server, skew: str) -> None:
    faketime = next(Path("/usr/lib").glob("**/libfaketime.so.1"), None)
    if faketime is None:
        pytest.skip("libfaketime is not installed (Debian: faketime)")
    (one,) = fleet(server, 1)
    serve(one, 40)
    clock = {
        "LD_PRELOAD": str(faketime),
        "FAKETIME": skew,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    subprocess.run(
        [sys.executable, "-c", SKEWED, server.address], env=os.environ | clock, check=True
    )
    serve(one, 40)
    settle(one)
    two = Router.open(server.address)
    report = two.report()
    assert (report.rated, report.pending) == (120, 0)
    assert not standing(one).degraded
    assert one.to_bytes() == two.to_bytes()
    close(one, two)


def test_a_user_with_the_documented_rights_can_do_everything(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot_at_once(monkeypatch)
    rules = "on >p@ss resetkeys ~messplus:{test}:* resetchannels -@all"
    rules += " +@read +@write +@scripting +ping +time +select"
    server.command("ACL", "SETUSER", "chat", *rules.split())
    address = server.address.replace("redis://", "redis://chat:p%40ss@").replace("/0?", "/1?")
    router = Router.open(address, ZOO, SLA(0.8))
    serve(router, 10)
    settle(router)
    assert not standing(router).degraded
    assert "p@ss" not in standing(router).address
    close(router)
    with pytest.raises(StateError) as refused:
        Router.open(address.replace("p%40ss", "p%40st"), ZOO, SLA(0.8))
    assert "p@st" not in str(refused.value)

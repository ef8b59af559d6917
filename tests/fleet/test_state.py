"""``messplus state`` on the logs of fleets: what it prints, writes and copies."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, Model, Router
from messplus.cli import main

from .fleets import ZOO, close, fleet, serve, settle

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_server import Server

KEYS = "messplus:{test}:"


def keys_of(server: Server) -> str:
    """Everything a server holds but who is alive, which changes by itself."""
    names = sorted(server.command("KEYS", "*").split())
    return "".join(
        server.command("DEBUG", "DIGEST-VALUE", name) for name in names if "alive" not in name
    )


def test_inspect_tells_who_what_and_where(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = fleet(server)
    serve(one, 10)
    one.select("still waiting for its rating")
    settle(one, two)
    address = server.address.replace("redis://", "redis://:secret@")
    server.command("CONFIG", "SET", "requirepass", "secret")
    assert main(["state", "inspect", address, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"]["decisions"] == 11
    assert told["settings"]["seed"] == 0
    position = told["fleet"]["position"]
    assert position >= 1
    assert told["fleet"]["snapshot"]["position"] == 0
    assert len(told["fleet"]["replicas"]) == 2
    assert max(told["fleet"]["replicas"].values()) <= position
    assert (told["fleet"]["damaged"], told["fleet"]["lost"]) == (0, 0)
    assert main(["state", "inspect", address]) == 0
    text = capsys.readouterr().out
    assert "10 of 11 requests rated" in text
    assert f"{server.address}: {position} batches" in text
    assert "2 replicas alive" in text
    assert "secret" not in text
    close(one, two)


def test_looking_changes_nothing(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    close(one, two)
    before = keys_of(server)
    for command in (["inspect"], ["inspect", "--json"], ["verify"], ["export"]):
        assert main(["state", *command, server.address]) == 0
    assert main(["watch", "--once", server.address]) == 0
    assert "0 replicas, batch 1" in capsys.readouterr().out
    assert main(["report", server.address]) == 0
    assert keys_of(server) == before


def test_verify_folds_the_whole_log_and_counts_what_cannot_be_read(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    close(two)
    assert main(["state", "verify", server.address]) == 0
    assert capsys.readouterr().out.count("sound") == 2
    server.command("XADD", KEYS + "stream", "*", "not", "ours")
    serve(one, 1)
    settle(one)
    close(one)
    assert main(["state", "verify", server.address]) == 1
    assert "1 cannot be read" in capsys.readouterr().out
    server.command("XDEL", KEYS + "stream", "1-0")
    assert main(["state", "verify", server.address]) == 1
    assert "entry 1-0 is missing" in capsys.readouterr().out
    server.command("DEL", KEYS + "head", KEYS + "snapshot")
    assert main(["state", "verify", server.address]) == 1
    assert "must hold a router, got none" in capsys.readouterr().out


def test_export_has_what_came_after_the_snapshot_once(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = fleet(server)
    serve(one, 10)
    settle(one, two)
    serve(two, 10)
    settle(two, one)
    close(one, two)
    assert main(["state", "export", server.address]) == 0
    tables = json.loads(capsys.readouterr().out)
    assert len(tables["decisions"]) == len(tables["outcomes"]) == 20
    assert {row["id"] for row in tables["decisions"]} == {row["id"] for row in tables["outcomes"]}
    assert sum(model["rated"] for model in tables["models"]) == 20
    out = str(tmp_path / "out.sqlite")
    assert main(["state", "export", server.address, "--format", "sqlite", "--out", out]) == 0
    with closing(sqlite3.connect(out)) as database:
        assert database.execute("select count(*) from outcomes").fetchall() == [(20,)]


def test_a_folder_moves_to_redis_and_back_bit_for_bit(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last, file = tmp_path / "first", tmp_path / "last", tmp_path / "state.bin"
    with Router.open(first, ZOO, SLA(0.8)) as router:
        serve(router, 50)
        waiting = router.select("rated after the move", id="waiting")
        before = router.to_bytes()
    other = server.address.replace("test", "other")
    assert main(["state", "copy", str(first), server.address]) == 0
    assert "51 decisions" in capsys.readouterr().out
    assert main(["state", "copy", server.address, other]) == 0
    assert main(["state", "copy", other, str(last)]) == 0
    assert main(["state", "copy", server.address, str(file), "--file"]) == 0
    assert Router.load(file).to_bytes() == before
    with Router.open(last) as router:
        assert router.to_bytes() == before
        assert router.select("next").model in ("small", "large")
    with Router.open(other) as router:
        assert router.to_bytes() == before
        router.feedback(waiting.id, satisfied=True)
        settle(router)
        assert router.report().rated == 51
    fourth = server.address.replace("test", "fourth")
    assert main(["state", "copy", str(file), fourth]) == 0
    with Router.open(fourth) as router:
        assert router.to_bytes() == before


def test_copies_a_fleet_that_serves_as_it_is_at_one_moment(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = fleet(server)
    serve(one, 20)
    # One that no replica has sent the decision of: only a log keeps it.
    two.feedback("0" * 32, satisfied=True)
    settle(one, two)
    other = server.address.replace("test", "other")
    before = one.to_bytes()
    assert main(["state", "copy", server.address, other]) == 0
    assert "20 decisions" in capsys.readouterr().out
    serve(one, 20)
    settle(one, two)
    with Router.open(other) as copy:
        assert copy.to_bytes() == before
        serve(copy, 5)
        settle(copy)
        assert copy.report().rated == 25
    assert one.report().rated == 40
    close(one, two)


def test_a_copy_takes_no_place_that_is_taken(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    close(*fleet(server, 1))
    with Router.open(tmp_path / "there", ZOO, SLA(0.8)) as router:
        serve(router, 5)
    file = tmp_path / "file"
    file.write_bytes(b"something else")
    before = keys_of(server)
    for target, *rest in ((server.address,), (str(tmp_path / "there"),), (str(file), "--file")):
        assert main(["state", "copy", str(tmp_path / "there"), target, *rest]) == 2
        assert "to: must hold nothing yet" in capsys.readouterr().err
    assert keys_of(server) == before
    assert file.read_bytes() == b"something else"
    assert main(["state", "copy", str(tmp_path / "nowhere"), str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["inspect", "verify", "export"])
def test_a_server_that_is_away_and_an_address_that_is_wrong_are_told(
    server: Server, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["state", command, "redis://:secret@host/0"]) == 2
    told = capsys.readouterr().err
    assert "path: must name the fleet" in told
    assert "secret" not in told
    server.kill()
    assert main(["state", command, server.address]) == 2
    assert "must be a Redis server that answers" in capsys.readouterr().err


def test_ratings_that_wait_for_their_decision_are_told(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [Model("small", cost=1.0)]
    router = Router.open(server.address, models, SLA(0.8))
    router.feedback("0" * 32, satisfied=True)
    settle(router)
    assert main(["state", "copy", server.address, str(tmp_path / "copy")]) == 0
    assert "note: 1 outcomes wait for their decision" in capsys.readouterr().out
    close(router)


def shared(path: Path) -> list[Router]:
    """Two replicas of a folder that is shared."""
    return [Router.open(path, ZOO, SLA(0.8)) for _ in range(2)]


def test_a_shared_folder_is_looked_into_as_a_server_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = shared(tmp_path / "state")
    serve(one, 10)
    serve(two, 10)
    settle(one, two)
    path = str(tmp_path / "state")
    assert main(["state", "inspect", path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"]["rated"] == 20
    assert len(told["fleet"]["replicas"]) == 2
    assert main(["state", "verify", path]) == 0
    assert capsys.readouterr().out.count("sound") == 2
    assert main(["state", "export", path]) == 0
    assert len(json.loads(capsys.readouterr().out)["outcomes"]) == 20
    close(one, two)


def test_a_shared_folder_moves_to_redis_and_back_bit_for_bit(
    server: Server, tmp_path: Path
) -> None:
    one, two = shared(tmp_path / "state")
    serve(one, 20)
    serve(two, 20)
    settle(one, two)
    before = one.to_bytes()
    close(one, two)
    assert main(["state", "copy", str(tmp_path / "state"), server.address]) == 0
    assert main(["state", "copy", server.address, str(tmp_path / "back")]) == 0
    with Router.open(server.address) as router:
        assert router.to_bytes() == before
    with Router.open(tmp_path / "back") as router:
        assert router.to_bytes() == before
    assert main(["state", "copy", server.address, str(tmp_path / "state")]) == 2


def test_a_copy_has_what_killed_replicas_left(tmp_path: Path) -> None:
    first, second = shared(tmp_path / "state")
    child = os.fork()
    if child == 0:
        try:
            serve(first, 10)
            # Before the next look at the log, as a rule.
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    path = str(tmp_path / "state")
    assert main(["state", "copy", path, str(tmp_path / "copy")]) == 0
    with Router.open(tmp_path / "copy") as copied:
        assert copied.report().rated == 10
    close(first, second)
    with Router.open(path) as again:
        assert again.report().rated == 10

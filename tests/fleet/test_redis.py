"""A fleet whose log is in a real Redis server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messplus import SLA, ConfigError, Router, StateError

from .fleets import ZOO, close

if TYPE_CHECKING:
    from tests.redis_server import Server


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

"""What tests of fleets begin with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from messplus import SLA, Model, Router

if TYPE_CHECKING:
    from collections.abc import Callable

    from messplus.reports.fleet import FleetReport
    from tests.redis_server import Server

    from .engines import Engine

ZOO = [Model("small", cost=0.1), Model("large", cost=1.0)]


def fleet(server: Server | Engine, replicas: int = 2) -> list[Router]:
    """Replicas of one new fleet."""
    return [Router.open(server.address, ZOO, SLA(0.8)) for _ in range(replicas)]


def settle(*routers: Router) -> None:
    """Let everything that happened reach everybody."""
    for _ in range(2):
        for router in routers:
            router.checkpoint()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that background threads bring about."""
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about within 10 seconds")


def serve(router: Router, requests: int) -> None:
    """Route and rate some requests."""
    for n in range(requests):
        router.feedback(router.select(f"question {n}"), satisfied=n % 4 > 0)


def standing(router: Router) -> FleetReport:
    """How a replica stands to its fleet."""
    found = router.report().fleet
    assert found is not None
    return found


def close(*routers: Router) -> None:
    """Close all."""
    for router in routers:
        router.close()

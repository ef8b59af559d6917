"""How long it takes to join a fleet that has seen much."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from messplus import Router

from .dealing import opened
from .replicas import Replica, settle, standing

if TYPE_CHECKING:
    from benches.python.fleet_sim import Stream

    from .engines import Engine

# Requests after which the producer lets the log follow.
AT_ONCE = 500
NEWCOMERS = 3


class Producer:
    """Makes outcomes as fast as it can."""

    def __init__(self, stream: Stream) -> None:
        self._features = stream.features

    def produce(self, router: Router, outcomes: int) -> int:
        """Decide on requests and rate them."""
        for n in range(outcomes):
            decision = router.select(features=self._features[n % len(self._features)])
            router.feedback(decision, satisfied=n % 4 > 0, cost=1.0)
            if n % AT_ONCE == AT_ONCE - 1:
                router.checkpoint()
        return outcomes


def seconds_to_join(_router: Router, address: str) -> float:
    """How long a newcomer takes until it has read all of the log."""
    begun = time.perf_counter()
    with Router.open(address):
        return time.perf_counter() - begun


def join(stream: Stream, engine: Engine, outcomes: int) -> dict[str, Any]:
    """Have outcomes made, and let newcomers join."""
    address, producer = engine.address("joined"), Producer(stream)
    first = Replica(address, partial(opened, stream), (producer.produce, seconds_to_join))
    begun = time.monotonic()
    first.ask(producer.produce, outcomes)
    produced = outcomes / (time.monotonic() - begun)
    settle([first])
    assert first.ask(standing).rated == outcomes
    seconds = [first.ask(seconds_to_join, address) for _ in range(NEWCOMERS)]
    first.end()
    return {
        "join_seconds": round(sorted(seconds)[len(seconds) // 2], 3),
        "join_after": outcomes,
        "outcomes_per_second_of_one": round(produced),
    }

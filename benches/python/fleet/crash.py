"""Kills replicas and the server of a fleet under load, and accounts for every outcome.

An outcome is *acknowledged* once ``feedback`` has returned, and both the replica that took it and
the one that decided have said since that the log has all they did (``report().fleet.unsent == 0``).
What goes with a replica before it says so is counted apart. In a folder it is acknowledged once
both calls have returned.

Every other end of the server is a power cut: its file loses at least its last second as well. What
is in there is sent again by the replicas that live; what only those knew that were killed too is
counted apart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import SLA, Model, Router

from .books import Act, Books
from .engines import RedisEngine
from .outages import Outages
from .replicas import Replica, Standing, looked, settle, standing

if TYPE_CHECKING:
    from .engines import Engine

ZOO = [Model("small", cost=1.0), Model("large", cost=2.0)]
# Seconds of a round: in half of it replicas look at the log again.
ROUND = 0.05
# Requests of a replica in a round.
EACH = 6
# Every cost is another multiple of this, so that sums are exact and tell what is in them.
GRAIN = 2.0**-20
# Requests that one question is about.
PAGE = 10_000


def opened(capacity: int, address: str) -> Router:
    """A replica that remembers every request to the end."""
    return Router.open(
        address, ZOO, SLA(0.8), featurizer=length, tag_features=0, pending_capacity=capacity
    )


def length(text: str) -> list[float]:
    """Features that take no room."""
    return [len(text) / 10.0]


def cost(n: int) -> float:
    """What request n costs: no two the same."""
    return 1.0 + n * GRAIN


def work(router: Router, deciding: list[int], rating: list[int]) -> None:
    """Decide on some requests, and rate others wherever they were decided."""
    for n in deciding:
        router.select("x" * (n % 10), id=str(n))
    for n in rating:
        router.feedback(str(n), satisfied=n % 5 > 0, cost=cost(n))


def sent(router: Router) -> float | None:
    """When the replica had last looked at all of the log, if that has all it did."""
    return None if standing(router).unsent else looked(router)


def counted(router: Router, numbers: range) -> list[int]:
    """Those of the requests whose outcome counts."""
    held = ((n, router.decision(str(n))) for n in numbers)
    return [n for n, decision in held if decision is not None and decision.satisfied is not None]


@dataclass
class Life:
    """A process, and what it did since it last said that the log has all."""

    replica: Replica
    process: int
    ready: bool = False
    decided: list[int] = field(default_factory=list)
    rated: list[int] = field(default_factory=list)


class Campaign:
    """Keeps a fleet under load, and its books.

    Parameters
    ----------
    engine
        Keeps the log.
    replicas
        Processes alive at a time.
    outcomes
        To be acknowledged.
    seed
        Of who rates and dies when.
    """

    def __init__(self, engine: Engine, replicas: int, outcomes: int, seed: int) -> None:
        at = partial(opened, 2 * outcomes + 1000)
        self._make = partial(Replica, engine.address("crash"), at, (work, sent, counted))
        self._random = np.random.default_rng(seed)
        self._outcomes, self._decided, self._processes = outcomes, 0, 0
        self._unrated: list[int] = []
        self.books = Books()
        self._keeps = engine.keeps
        self.outages = (
            Outages(engine.server, self._random) if isinstance(engine, RedisEngine) else None
        )
        self._fleet = [self._born() for _ in range(replicas)]

    def _born(self) -> Life:
        self._processes += 1
        life = Life(self._make(), self._processes)
        life.replica.tell(standing)
        return life

    def run(self, replica_kills: int, server_kills: int) -> dict[str, Any]:
        """Route until enough is acknowledged and everybody was killed as often as asked."""
        killed = ended = 0
        while self.books.acknowledged < self._outcomes:
            done = len(self.books.outcomes) / self._outcomes
            dying = min(int(done * replica_kills + 1), replica_kills) - killed
            killed += dying
            self._round(dying)
            if self.outages is None:
                continue
            if ended < server_kills and ended < done * server_kills and not self.outages.away:
                self.outages.begin(power_cut=ended % 2 > 0)
                ended += 1
            self.outages.watch()
        return {"replica_kills": killed, "server_kills": ended, **self._account()}

    def _round(self, dying: int) -> None:
        end = time.monotonic() + ROUND
        victims = set(self._random.permutation(len(self._fleet))[:dying].tolist())
        working = [life for life in self._fleet if self._is_ready(life)]
        told = self._hand_out(working)
        for index in victims:
            # Before, while or after it does what it was told.
            time.sleep(float(self._random.uniform(0.0, ROUND)))
            self._fleet[index].replica.kill()
            self.books.ended.add(self._fleet[index].process)
        living = [life for life in working if life.process not in self.books.ended]
        for life in living:
            life.replica.heard()
            deciding, rating = told[life.process]
            self.books.decisions |= {n: Act(life.process) for n in deciding}
            self.books.outcomes |= {n: Act(life.process) for n in rating}
            self._unrated += set(deciding).difference(rating)
            life.decided += deciding
            life.rated += rating
        time.sleep(max(0.0, end - time.monotonic()))
        for life in living:
            life.replica.tell(sent)
        for life in living:
            self._confirm(life, life.replica.heard())
        for index in victims:
            self._fleet[index] = self._born()

    def _is_ready(self, life: Life) -> bool:
        # A newcomer waits for the server where that is away.
        if not life.ready and life.replica.pipe.poll():
            life.replica.heard()
            life.ready = True
        return life.ready

    def _hand_out(self, working: list[Life]) -> dict[int, tuple[list[int], list[int]]]:
        """Half of the requests are rated where they are decided, the others anywhere, later."""
        told = {}
        to = self._random.integers(max(1, len(working)), size=len(self._unrated))
        for index, life in enumerate(working):
            deciding = list(range(self._decided, self._decided + EACH))
            self._decided += EACH
            rating = [n for n, by in zip(self._unrated, to, strict=True) if by == index]
            told[life.process] = deciding, [n for n in deciding if n % 2] + rating
            life.replica.tell(work, *told[life.process])
        if working:
            self._unrated = []
        return told

    def _confirm(self, life: Life, known: float | None) -> None:
        now = time.monotonic()
        if self._keeps:
            known = now
        if known is None:
            return
        self.books.looked[life.process] = known
        self.books.safe(self.books.decisions, life.decided, now)
        self.books.safe(self.books.outcomes, life.rated, now)
        life.decided, life.rated = [], []

    def _account(self) -> dict[str, Any]:
        while self.outages is not None and self.outages.away:
            self.outages.watch()
        replicas = [life.replica for life in self._fleet]
        for life in self._fleet:
            if not life.ready:
                life.replica.heard()
        identical = settle(replicas)
        ends: list[Standing] = [replica.ask(standing) for replica in replicas]
        found: list[int] = []
        for first in range(0, self._decided, PAGE):
            found += replicas[0].ask(counted, range(first, min(first + PAGE, self._decided)))
        for replica in replicas:
            replica.end()
        losses = self.books.losses(found, self.outages.all if self.outages else [])
        return {
            "acknowledged": self.books.acknowledged,
            "lost": losses["beyond"],
            "twice": ends[0].rated - len(found),
            "identical": identical and len({end.position for end in ends}) == 1,
            "lost_unsent": losses["unsent"],
            "lost_last_second": losses["last_second"],
            "returned": len(self.books.outcomes),
            "counted": len(found),
            "costs_add_up": ends[0].cost == sum(map(cost, found)),
        }

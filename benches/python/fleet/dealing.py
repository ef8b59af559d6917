"""Deals the requests of a table to the replicas of a fleet, at a pace of its own.

Real processes have no clock in common with a simulation: how much a replica does not know is what
the others did since it last looked. So requests come at a stated rate, in bursts that the fleet
answers before the next one comes, and none goes to a replica that has not looked since the last 64
requests: where the machine cannot keep up, the pace falls, and is told.
"""

from __future__ import annotations

import time
from bisect import bisect
from collections import defaultdict, deque
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benches.python.fleet_sim import EVERY, Stream, traffic
from messplus import SLA, Model, Router
from messplus.replay.streams import arrivals

from .replicas import Replica, background, looked, settle, standing

if TYPE_CHECKING:
    import numpy.typing as npt

# Requests per second of the whole fleet, and how many come at once.
PACE = 2000
BURST = 8
# Bursts between two looks at how much a replica does not know.
LOOK_EVERY = 50


class Dealt(NamedTuple):
    """What became of a stream."""

    cost: float
    satisfaction: float
    pace: float = 0.0
    behind: float = 0.0
    folding: float = 0.0
    rated: int = 0
    counted: int = 0
    identical: bool = True


def zoo(stream: Stream) -> tuple[list[Model], SLA]:
    """The zoo of a table and its service level."""
    costs = np.nanmean(stream.table.costs, axis=0)
    models = zip(stream.table.models, costs, strict=True)
    return [Model(name, cost=float(cost)) for name, cost in models], SLA(stream.target)


def opened(stream: Stream, address: str) -> Router:
    """A replica that serves a table."""
    return Router.open(address, *zoo(stream), tag_features=0)


class Requests:
    """The requests of a table, as a process serves them."""

    def __init__(self, stream: Stream) -> None:
        self._table, self._features = stream.table, stream.features
        answered = ~np.isnan(stream.table.scores)
        names = np.asarray(stream.table.models)
        self._allowed = [None if row.all() else list(names[row]) for row in answered]
        self._index = {name: m for m, name in enumerate(stream.table.models)}

    def decide(self, router: Router, requests: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
        """Decide on requests, by their number and row, and tell what they cost; adds the model."""
        served = []
        for t, row in requests:
            decision = router.select(
                features=self._features[row], allowed=self._allowed[row], id=str(t)
            )
            model = self._index[decision.model]
            router.feedback(decision, cost=float(self._table.costs[row, model]))
            served.append((t, row, model))
        return served

    def rate(self, router: Router, ratings: list[tuple[int, float]]) -> int:
        """Rate requests, wherever they were decided; how many that were."""
        for t, satisfied in ratings:
            router.feedback(str(t), satisfied=satisfied)
        return len(ratings)


def alone(stream: Stream, order: npt.NDArray[np.uint32], delay: int, seed: int) -> Dealt:
    """The same stream on one router in memory, each rating as many requests late."""
    router = Router(*zoo(stream), tag_features=0, seed=seed)
    requests, waiting = Requests(stream), deque[tuple[int, float]]()
    total = np.zeros(2)
    for t, row in enumerate(order):
        ((_, _, model),) = requests.decide(router, [(t, int(row))])
        score = float(stream.table.scores[row, model])
        total += stream.table.costs[row, model], score
        waiting.append((t, score))
        if len(waiting) > delay:
            requests.rate(router, [waiting.popleft()])
    mean_cost, mean_satisfaction = map(float, total / len(order))
    return Dealt(mean_cost, mean_satisfaction)


def deal(
    stream: Stream,
    order: npt.NDArray[np.uint32],
    address: str,
    replicas: int,
    *,
    skewed: bool = False,
    delay: int = 0,
    pace: float = PACE,
    seed: int = 0,
) -> Dealt:
    """Deal a stream to a new fleet; each rating reaches a replica drawn at random."""
    requests = Requests(stream)
    fleet = [
        Replica(address, partial(opened, stream), (requests.decide, requests.rate))
        for _ in range(replicas)
    ]
    for replica in fleet:
        replica.ask(standing)
    random = np.random.default_rng(seed)
    shares = np.asarray(traffic(replicas, skewed))
    by = random.choice(replicas, len(order), p=shares / shares.sum())
    to = random.integers(replicas, size=len(order))
    waiting, total, behind = deque[tuple[int, float]](), np.zeros(2), []
    begun, folding = time.monotonic(), -sum(replica.ask(background) for replica in fleet)
    rhythm = _Rhythm(fleet, pace)
    for first in range(0, len(order), BURST):
        burst = range(first, min(first + BURST, len(order)))
        rhythm.wait({int(by[t]) for t in burst})
        dealt = defaultdict(list)
        for t in burst:
            dealt[by[t]].append((t, int(order[t])))
        for replica, wanted in dealt.items():
            fleet[replica].tell(requests.decide, wanted)
        served = [answer for replica in dealt for answer in fleet[replica].heard()]
        for t, row, model in sorted(served):
            score = float(stream.table.scores[row, model])
            total += stream.table.costs[row, model], score
            waiting.append((t, score))
        ratings = defaultdict(list)
        while waiting and (waiting[0][0] + delay <= burst[-1] or burst[-1] == len(order) - 1):
            t, score = waiting.popleft()
            ratings[to[t]].append((t, score))
        for replica, given in ratings.items():
            fleet[replica].tell(requests.rate, given)
        for replica in ratings:
            fleet[replica].heard()
        if first // BURST % LOOK_EVERY == LOOK_EVERY - 1:
            known: int = fleet[random.integers(replicas)].ask(standing).decisions
            behind.append(burst[-1] + 1 - known)
    seconds = time.monotonic() - begun
    folding += sum(replica.ask(background) for replica in fleet)
    identical = settle(fleet)
    counted = fleet[-1].ask(standing).rated
    for replica in fleet:
        replica.end()
    mean_cost, mean_satisfaction = map(float, total / len(order))
    return Dealt(
        mean_cost,
        mean_satisfaction,
        pace=len(order) / seconds,
        behind=float(np.mean(behind)) if behind else 0.0,
        folding=folding / seconds / replicas,
        rated=len(order),
        counted=counted,
        identical=identical,
    )


class _Rhythm:
    """When the next burst may come: in time, and to replicas that know of what came before."""

    def __init__(self, fleet: list[Replica], pace: float) -> None:
        self._fleet, self._pace = fleet, pace
        self._begun = time.monotonic()
        # When each burst was dealt, and each replica last looked at the log.
        self._bursts: list[float] = []
        self._looked = dict.fromkeys(range(len(fleet)), self._begun)

    def wait(self, replicas: set[int]) -> None:
        due = self._begun + len(self._bursts) * BURST / self._pace
        time.sleep(max(0.0, due - time.monotonic()))
        while self._pace < float("inf") and (late := [n for n in replicas if self._is_late(n)]):
            for n in late:
                self._fleet[n].tell(looked)
            self._looked |= {n: self._fleet[n].heard() for n in late}
            if any(map(self._is_late, late)):
                time.sleep(0.002)
        self._bursts.append(time.monotonic())

    def _is_late(self, replica: int) -> bool:
        since = len(self._bursts) - bisect(self._bursts, self._looked[replica])
        return since * BURST > EVERY


def shuffled(stream: Stream, requests: int | None, seed: int) -> npt.NDArray[np.uint32]:
    """The first requests of a shuffled stream, all by default."""
    return arrivals(stream.table, "shuffle", seed)[:requests]

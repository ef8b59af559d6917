"""What sharing costs: decisions beside a router in memory, folding, and bytes on the wire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import Router

from .dealing import deal, opened, shuffled, zoo
from .engines import RedisEngine

if TYPE_CHECKING:
    from benches.python.fleet_sim import Stream

    from .engines import Engine

# Requests in one go of either router, and the pause after both: some 1,000 per second.
GO = 10
PAUSE = 0.01


def decisions(stream: Stream, engine: Engine, goes: int) -> dict[str, Any]:
    """Time ``select`` of a replica and of a router in memory, turn by turn in one process."""
    times: dict[str, list[float]] = {"memory": [], "replica": []}
    with opened(stream, engine.address("select")) as replica:
        routers = {"memory": Router(*zoo(stream), tag_features=0), "replica": replica}
        for go in range(goes):
            for name in sorted(routers, reverse=bool(go % 2)):
                for n in range(go * GO, (go + 1) * GO):
                    features = stream.features[n % len(stream.features)]
                    begun = time.perf_counter()
                    decision = routers[name].select(features=features)
                    times[name].append(1e6 * (time.perf_counter() - begun))
                    routers[name].feedback(decision, satisfied=n % 4 > 0, cost=1.0)
            time.sleep(PAUSE)
    middle = {name: float(np.median(taken)) for name, taken in times.items()}
    figures: dict[str, Any] = {"select_ratio": round(middle["replica"] / middle["memory"], 3)}
    for name, taken in times.items():
        p50, p99 = np.quantile(taken, (0.5, 0.99))
        figures[f"select_us_{name}"] = {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}
    return figures


def load(stream: Stream, engine: Engine, replicas: int, requests: int) -> dict[str, Any]:
    """What a fleet takes at the pace of the campaign, and the most it can do on this machine."""
    order = shuffled(stream, requests, seed=0)
    before = engine.traffic() if isinstance(engine, RedisEngine) else 0
    paced = deal(stream, order, engine.address("paced"), replicas)
    figures = {
        "replicas": replicas,
        "requests_per_second": round(paced.pace),
        "cpu_of_folding_per_replica": round(paced.folding, 4),
    }
    if isinstance(engine, RedisEngine):
        figures["bytes_per_request"] = round((engine.traffic() - before) / len(order))
    unpaced = deal(stream, order, engine.address("unpaced"), replicas, pace=float("inf"))
    return figures | {"most_requests_per_second": round(unpaced.pace)}

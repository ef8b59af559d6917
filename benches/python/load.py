"""Routers under load: ``python load.py SECONDS`` ends with one JSON line of its figures.

Threads call ``select`` and ``feedback`` on a router in a folder, as fast as they can, for a part of
the time each; an event loop calls ``aselect`` and measures how long it was kept from its work.
"""

from __future__ import annotations

import asyncio
import json
import platform
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from messplus import SLA, Model, Router, _core

MODELS = [Model("small", cost=0.2), Model("medium", cost=1.0), Model("large", cost=3.0)]
PROMPTS = [f"Question {index}: what is the capital of country {index}?" for index in range(997)]


def work(router: Router, until: float, latencies: list[float]) -> None:
    """One thread: select and feed back until the time is over."""
    index = 0
    while (start := time.perf_counter()) < until:
        decision = router.select(PROMPTS[index % len(PROMPTS)])
        latencies.append(time.perf_counter() - start)
        router.feedback(decision, satisfied=index % 5 > 0, cost=0.3)
        index += 1


def threads(router: Router, n: int, seconds: float) -> dict[str, float]:
    """Throughput and latency of ``select`` with ``n`` threads."""
    latencies: list[list[float]] = [[] for _ in range(n)]
    until = time.perf_counter() + seconds
    workers = [threading.Thread(target=work, args=(router, until, each)) for each in latencies]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = 1e6 * np.concatenate(latencies)
    p50, p99, p999 = np.percentile(found, [50, 99, 99.9])
    return {
        "requests_per_second": round(len(found) / seconds),
        "select_p50_us": round(p50, 1),
        "select_p99_us": round(p99, 1),
        "select_p999_us": round(p999, 1),
    }


async def event_loop(router: Router, seconds: float) -> float:
    """Longest time in ms by which one ``aselect`` kept the loop from everything else."""
    worst = 0.0
    until = time.perf_counter() + seconds
    index = 0
    while time.perf_counter() < until:
        waiting = asyncio.ensure_future(router.aselect(PROMPTS[index % len(PROMPTS)]))
        while not waiting.done():
            start = time.perf_counter()
            await asyncio.sleep(0)
            worst = max(worst, time.perf_counter() - start)
        router.feedback(waiting.result(), satisfied=True)
        index += 1
    return round(1000 * worst, 3)


def outcome_cost(router: Router, n: int = 20_000) -> float:
    """Median time of one ``feedback`` in microseconds."""
    times = []
    features = np.zeros(80, np.float32)
    for _ in range(n):
        decision = router.select(features=features)
        start = time.perf_counter_ns()
        router.feedback(decision, satisfied=True)
        times.append(time.perf_counter_ns() - start)
    return float(np.median(times)) / 1000


def main(seconds: float) -> None:
    """Run everything and print one JSON line."""
    if _core.build_profile != "release":
        sys.exit("load.py measures release builds only")
    figures: dict[str, object] = {"machine": platform.processor() or platform.machine()}
    with tempfile.TemporaryDirectory() as folder:
        with Router.open(Path(folder) / "load", MODELS, SLA(0.8)) as router:
            for n in (2, 16):
                figures[f"threads_{n}"] = threads(router, n, seconds / 2)
            figures["event_loop_blocked_ms"] = asyncio.run(event_loop(router, seconds / 10))
            figures["state_errors"] = sum(router.report().state_errors.values())
        with Router.open(Path(folder) / "cost", MODELS, SLA(0.8)) as router:
            on_file = outcome_cost(router)
        in_memory = outcome_cost(Router(MODELS, SLA(0.8)))
    figures["feedback_us"] = round(on_file, 2)
    figures["journal_us_per_outcome"] = round(on_file - in_memory, 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(float(sys.argv[1]))

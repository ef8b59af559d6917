"""Routers under load: ``python load.py SECONDS`` ends with one JSON line of its figures.

Two, then sixteen threads call ``select`` and ``feedback`` as fast as they can on a router in a
folder, for SECONDS each. An event loop measures how long ``aselect`` kept it from its work, with
the embedded table and with an encoder of 5 ms. Last, what the journal adds to an outcome.
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
from typing import TYPE_CHECKING

import numpy as np

from messplus import SLA, Model, Router, _core

if TYPE_CHECKING:
    import numpy.typing as npt

MODELS = [Model("small", cost=0.2), Model("medium", cost=1.0), Model("large", cost=3.0)]
PROMPTS = [f"Question {index}: what is the capital of country {index}?" for index in range(997)]
Figures = dict[str, float]


def work(router: Router, until: float, latencies: list[float]) -> None:
    """One thread: select and feed back until the time is over."""
    index = 0
    while (start := time.perf_counter()) < until:
        decision = router.select(PROMPTS[index % len(PROMPTS)])
        latencies.append(time.perf_counter() - start)
        router.feedback(decision, satisfied=index % 5 > 0, cost=0.3)
        index += 1


def threads(router: Router, n: int, seconds: float) -> Figures:
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


async def heartbeat(until: float, turns: list[float], busy: list[float]) -> None:
    """Time every turn of the loop, by the clock and by the processor time of its thread."""
    while (start := time.perf_counter()) < until:
        used = time.thread_time()
        await asyncio.sleep(0)
        busy.append(time.thread_time() - used)
        turns.append(time.perf_counter() - start)


async def requests(until: float, router: Router) -> None:
    """Select, feed back, and let others have their turn."""
    index = 0
    while time.perf_counter() < until:
        decision = await router.aselect(PROMPTS[index % len(PROMPTS)])
        router.feedback(decision, satisfied=True)
        await asyncio.sleep(0)
        index += 1


async def event_loop(seconds: float, router: Router | None) -> Figures:
    """How long the turns of a loop take on which one task awaits ``aselect``; without router, none.

    A machine busy with other work stretches what the clock says, but not the processor time.
    """
    turns: list[float] = []
    busy: list[float] = []
    until = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(heartbeat(until, turns, busy))
        if router is not None:
            group.create_task(requests(until, router))
    return {
        "p999_ms": round(1e3 * float(np.percentile(turns, 99.9)), 3),
        "max_ms": round(1e3 * max(turns), 3),
        "max_processor_ms": round(1e3 * max(busy), 3),
    }


def encode(prompt: str) -> npt.NDArray[np.float32]:
    """Stand in for an encoder: 5 ms outside the interpreter, as onnxruntime spends them."""
    time.sleep(0.005)
    return np.full(32, len(prompt) / 100, np.float32)


def outcome_cost(folder: Path, n: int = 40_000) -> Figures:
    """Time of one ``feedback`` with and without a journal, in turns."""
    features = np.zeros(128, np.float32)
    times: dict[str, list[int]] = {"memory": [], "journal": []}
    with Router.open(folder, MODELS, SLA(0.8)) as on_file:
        routers = {"memory": Router(MODELS, SLA(0.8)), "journal": on_file}
        for _ in range(n):
            for kind, router in routers.items():
                decision = router.select(features=features)
                start = time.perf_counter_ns()
                router.feedback(decision, satisfied=True, cost=0.3)
                times[kind].append(time.perf_counter_ns() - start)
    memory, journal = (1e-3 * np.array(times[kind]) for kind in ("memory", "journal"))
    return {
        "feedback_us": round(float(np.median(journal)), 2),
        "journal_us_per_outcome": round(float(np.median(journal) - np.median(memory)), 2),
        "journal_us_per_outcome_mean": round(float(journal.mean() - memory.mean()), 2),
    }


def main(seconds: float) -> None:
    """Run everything and print one JSON line."""
    if _core.build_profile != "release":
        sys.exit("load.py measures release builds only")
    figures: dict[str, object] = {"machine": platform.processor() or platform.machine()}
    with tempfile.TemporaryDirectory() as home:
        with Router.open(Path(home, "load"), MODELS, SLA(0.8)) as router:
            for n in (2, 16):
                figures[f"threads_{n}"] = threads(router, n, seconds)
            loop = {"idle": asyncio.run(event_loop(seconds / 20, None))}
            loop["table"] = asyncio.run(event_loop(seconds / 20, router))
            figures["state_errors"] = sum(router.report().state_errors.values())
        with Router.open(Path(home, "encoder"), MODELS, SLA(0.8), featurizer=encode) as router:
            loop["encoder_5ms"] = asyncio.run(event_loop(seconds / 20, router))
        figures["event_loop_turn"] = loop
        figures |= outcome_cost(Path(home, "cost"))
    print(json.dumps(figures))


if __name__ == "__main__":
    main(float(sys.argv[1]))

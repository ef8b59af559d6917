"""One service level for a fleet, simulated: ``python fleet_sim.py [SEEDS] [REPLICAS ...]``.

Real replicas fold one log; only the network is made up. Reads the outcome tables in the folder that
``MESSPLUS_DATA`` names. Each row compares a fleet with the single router on the same streams: means
over the seeds, and the standard error of the mean cost. Large fleets take long: beyond 16 replicas
there are as many times fewer seeds, and only the cases that size matters to. Ends with one JSON
line.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from messplus import SLA, Model, config
from messplus._core import simulate_fleet
from messplus.replay.features import policy_features
from messplus.replay.streams import arrivals, ratings
from messplus.replay.tables import Table, load_table
from messplus.state import core_config

if TYPE_CHECKING:
    from messplus._core import SimulatedFleet

# Table, its cost column, and the target.
TABLES = {
    "messplus_qwen2": ("energy_j", 0.70),
    "routellm_mmlu_gsm8k": ("cost", 0.72),
    "paretobandit": ("cost", 0.86),
}
# Requests of the whole fleet between two looks of a replica at the log: what 3,200 requests per
# second bring in 20 milliseconds.
EVERY = 64


class Case(NamedTuple):
    """What a fleet is like."""

    name: str
    skewed: bool = False
    delay: int = 0
    rated: float = 1.0
    every: int = EVERY
    naive: bool = False
    outage: bool = False
    crashes: bool = False
    large: bool = False


CASES = (
    Case("even", large=True),
    Case("even, every 512", every=512),
    Case("even, every 512, naive", every=512, naive=True),
    Case("80/20", skewed=True),
    Case("delay 200", delay=200),
    Case("80/20, delay 200", skewed=True, delay=200),
    Case("20 % never rated", rated=0.8),
    Case("delay 200, 70 % never rated", delay=200, rated=0.3),
    Case("log away for the middle third", outage=True, large=True),
    Case("log away for the middle third, naive", outage=True, naive=True),
    Case("20 crashes, others join", crashes=True, large=True),
)
# Replicas beyond which a fleet is large.
LARGE = 16


class Stream(NamedTuple):
    """A table, its features and the settings of its router."""

    table: Table
    features: Any
    target: float


@cache
def read(root: Path, name: str) -> Stream:
    """Read a table."""
    cost, target = TABLES[name]
    table = load_table(root / name / "outcomes.parquet", cost=cost)
    return Stream(table, np.ascontiguousarray(policy_features(table)), target)


def traffic(replicas: int, skewed: bool) -> list[float]:
    """Traffic of each replica; skewed, a fifth of them has four fifths of it."""
    if not skewed or replicas == 1:
        return [1.0] * replicas
    busy = max(1, replicas // 5)
    return [0.8 / busy] * busy + [0.2 / (replicas - busy)] * (replicas - busy)


def run(stream: Stream, case: Case, replicas: int, seed: int) -> SimulatedFleet:
    """Route one shuffled stream over a fleet."""
    table = stream.table
    zoo = [
        Model(name, cost=float(cost))
        for name, cost in zip(table.models, np.nanmean(table.costs, axis=0), strict=True)
    ]
    settings = config.validate({"models": zoo, "sla": SLA(stream.target), "seed": seed})
    order = arrivals(table, "shuffle", seed)
    n = len(order)
    return simulate_fleet(
        core_config.write(settings, stream.features.shape[1]),
        stream.features,
        np.zeros(0, np.uint32),
        table.scores,
        table.costs,
        order,
        ratings(n, case.rated, seed),
        case.delay,
        traffic(replicas, case.skewed),
        1 if replicas == 1 else case.every,
        anywhere=replicas > 1,
        naive=case.naive,
        outage=(n // 3, 2 * n // 3) if case.outage else None,
        crash_every=n // 20 if case.crashes else None,
        seed=seed,
    )


@cache
def run_single(root: Path, name: str, delay: int, rated: float, seed: int) -> SimulatedFleet:
    """Route a stream over one router."""
    return run(read(root, name), Case("single", delay=delay, rated=rated), 1, seed)


def compare(root: Path, name: str, case: Case, replicas: int, seeds: int) -> dict[str, Any]:
    """Compare a fleet with the single router, on the same streams."""
    stream = read(root, name)
    costs, gaps, debts, missing = [], [], [], 0
    identical = True
    for seed in range(seeds):
        one = run_single(root, name, case.delay, case.rated, seed)
        many = run(stream, case, replicas, seed)
        costs.append(many["cost"].mean() / one["cost"].mean())
        gaps.append(many["satisfaction"].mean() - one["satisfaction"].mean())
        debts.append(float(np.cumsum(stream.target - many["satisfaction"]).max()))
        missing += many["accepted"] - many["counted"]
        identical &= many["identical"]
    error = np.std(costs, ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan
    return {
        "table": name,
        "case": case.name,
        "replicas": replicas,
        "seeds": seeds,
        "cost_vs_single": round(float(np.mean(costs)), 4),
        "standard_error": round(float(error), 4) if seeds > 1 else None,
        "satisfaction_gap": round(float(np.mean(gaps)), 5),
        "largest_debt": round(float(np.mean(debts)), 1),
        "ratings_not_counted": missing,
        "identical": identical,
    }


def show(row: dict[str, Any]) -> str:
    """A line of the table."""
    error = "" if row["standard_error"] is None else f"±{row['standard_error']:.3f}"
    return (
        f"{row['case']:38} {row['replicas']:3} {row['cost_vs_single']:8.3f} {error:6}"
        f" {100 * row['satisfaction_gap']:+9.2f} pts {row['largest_debt']:6.0f}"
        f" {row['ratings_not_counted']:6} {'' if row['identical'] else ' NOT IDENTICAL'}"
    )


def main(seeds: int, replicas: list[int]) -> None:
    """Print a line per fleet and the JSON line."""
    rows = []
    root = Path(os.environ["MESSPLUS_DATA"])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in TABLES:
            stream = read(root, name)
            print(f"{name}, {len(stream.table):,} requests, target {stream.target}", flush=True)
            print(f"{'':38}   R  cost/single  satisfaction   debt  not counted", flush=True)
            fleets = [(case, n) for case in CASES for n in replicas if case.large or n <= LARGE]
            counts = [max(1, seeds * LARGE // max(n, LARGE)) for _, n in fleets]
            for row in pool.map(
                compare, repeat(root), repeat(name), *zip(*fleets, strict=True), counts
            ):
                print(show(row), flush=True)
                rows.append(row)
    print(json.dumps({"requests_between_looks": EVERY, "rows": rows}))


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 4,
        [int(n) for n in sys.argv[2:]] or [4, 16, 64, 256],
    )

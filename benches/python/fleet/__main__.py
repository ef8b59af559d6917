"""``python -m benches.python.fleet [--quick] [--streams N] [--engine ENGINE ...] [PART ...]``.

Real processes that share one log in a real server, on the outcome tables of ``MESSPLUS_DATA``.
Prints what each part finds and one JSON line at the end. Parts: rows, crash, speed, servers.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches.python.fleet_sim import TABLES, read

from . import engines, joining, rows, servers, speed
from .crash import Campaign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .engines import Engine


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    tables: tuple[str, ...] = tuple(TABLES)
    replicas: tuple[int, ...] = (1, 4, 16)
    requests: int | None = None
    outcomes: int = 100_000
    replica_kills: int = 200
    server_kills: int = 20
    goes: int = 1000
    join_after: int = 1_000_000
    served: int = 4000


QUICK = Size(
    tables=("messplus_qwen2",),
    replicas=(1, 4),
    requests=1000,
    outcomes=2000,
    replica_kills=8,
    server_kills=2,
    goes=100,
    join_after=10_000,
    served=200,
)


def part_rows(size: Size, using: Sequence[Engine], streams: int) -> dict[str, Any]:
    """Cost and satisfaction beside one router."""
    found = []
    for name in size.tables:
        stream = read(Path(os.environ["MESSPLUS_DATA"]), name)
        print(f"{name}, target {stream.target}\n{rows.HEADER}", flush=True)
        comparing = rows.compare(
            name, stream, using, size.replicas, streams=streams, requests=size.requests
        )
        for row in comparing:
            found.append(row)
            print(rows.line(row), flush=True)
    return {"rows": found}


def part_crash(size: Size, using: Sequence[Engine], _streams: int) -> dict[str, Any]:
    """Kills, and what they lost."""
    found = {}
    for engine in using:
        campaign = Campaign(engine, max(size.replicas), size.outcomes, seed=0)
        found[engine.name] = campaign.run(size.replica_kills, size.server_kills)
        print(f"crash, {engine.name}: {found[engine.name]}", flush=True)
    # Of the engine that has a server, where there is one.
    return {"crash": found[using[0].name], "crash_by_engine": found}


def part_speed(size: Size, using: Sequence[Engine], _streams: int) -> dict[str, Any]:
    """Decisions, folding, bytes, and joining."""
    stream = read(Path(os.environ["MESSPLUS_DATA"]), size.tables[0])
    found = {}
    for engine in using:
        found[engine.name] = {
            **speed.decisions(stream, engine, size.goes),
            **speed.load(stream, engine, max(size.replicas), size.requests or 10_000),
            **joining.join(stream, engine, size.join_after),
        }
        print(f"speed, {engine.name}: {found[engine.name]}", flush=True)
    ratio = max(figures["select_ratio"] for figures in found.values())
    return {"select_ratio": ratio, "speed": found}


def part_servers(size: Size, using: Sequence[Engine], _streams: int) -> dict[str, Any]:
    """Requests and ratings through workers of gunicorn and uvicorn."""
    found = []
    for name in servers.SERVERS:
        if importlib.util.find_spec(name.split()[0]) is None:
            print(f"{name}: skipped, it is not installed", flush=True)
            continue
        for engine in using:
            served = {"engine": engine.name, **servers.serve(name, engine, size.served)}
            found.append(served)
            print(f"served: {served}", flush=True)
    total = {key: sum(served[key] for served in found) for key in ("rated", "counted")}
    return {"gunicorn": total, "servers": found}


PARTS = {"rows": part_rows, "crash": part_crash, "speed": part_speed, "servers": part_servers}


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a little of everything, in seconds")
    parser.add_argument("--streams", type=int, default=1, help="streams per row (default: 1)")
    parser.add_argument("--engine", nargs="+", choices=engines.ENGINES, default=[*engines.ENGINES])
    parser.add_argument("part", nargs="*", default=[*PARTS], help=", ".join(PARTS))
    args = parser.parse_args()
    if not PARTS.keys() >= set(args.part):
        parser.error(f"part: must be of {', '.join(PARTS)}, got {' '.join(args.part)}")
    if "MESSPLUS_DATA" not in os.environ:
        print(
            "MESSPLUS_DATA is not set: it must name the folder of outcome tables", file=sys.stderr
        )
        return 2
    using: list[Engine] = []
    with tempfile.TemporaryDirectory() as root:
        for name in args.engine:
            if (reason := engines.missing(name)) is not None:
                print(f"{name}: left out, {reason}", flush=True)
            else:
                using.append(engines.start(name, Path(root)))
        found: dict[str, Any] = {}
        try:
            for part in args.part if using else ():
                found |= PARTS[part](QUICK if args.quick else Size(), using, args.streams)
        finally:
            for engine in using:
                engine.close()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

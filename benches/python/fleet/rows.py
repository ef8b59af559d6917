"""What a fleet costs beside one router, on recorded outcomes."""

from __future__ import annotations

from itertools import count, product
from typing import TYPE_CHECKING, Any

import numpy as np

from .dealing import PACE, Dealt, alone, deal, shuffled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benches.python.fleet_sim import Stream

    from .engines import Engine

# The single router draws its explorations anew so many times: its cost varies by one in a hundred.
SINGLES = 4
_FLEETS = count()
HEADER = "engine      R   skew  delay  cost/single  satisfaction  requests/s  behind  not counted"


def compare(
    name: str,
    stream: Stream,
    engines: Sequence[Engine],
    replicas: Sequence[int],
    *,
    delays: Sequence[int] = (0, 200),
    streams: int = 1,
    requests: int | None = None,
    pace: float = PACE,
) -> Iterator[dict[str, Any]]:
    """Compare fleets with the single router on the same shuffled streams, by means over these."""
    orders = [shuffled(stream, requests, seed) for seed in range(streams)]
    for delay in delays:
        ones = [alone(stream, order, delay, seed) for order in orders for seed in range(SINGLES)]
        for engine, n, skewed in product(engines, replicas, (False, True)):
            if skewed and n == 1:
                continue
            many = [
                deal(
                    stream,
                    order,
                    engine.address(f"rows{next(_FLEETS)}"),
                    n,
                    skewed=skewed,
                    delay=delay,
                    pace=pace,
                )
                for order in orders
            ]
            row = {"table": name, "engine": engine.name, "replicas": n}
            row |= {"skew": "80/20" if skewed else "even", "delay": delay}
            yield row | _beside(many, ones)


def _beside(many: list[Dealt], ones: list[Dealt]) -> dict[str, Any]:
    def mean(of: list[Dealt], field: str) -> float:
        return float(np.mean([getattr(dealt, field) for dealt in of]))

    return {
        "cost_vs_single": round(mean(many, "cost") / mean(ones, "cost"), 4),
        "satisfaction_gap": round(mean(many, "satisfaction") - mean(ones, "satisfaction"), 5),
        "requests_per_second": round(mean(many, "pace")),
        "requests_behind": round(mean(many, "behind"), 1),
        "rated": sum(dealt.rated for dealt in many),
        "counted": sum(dealt.counted for dealt in many),
        "identical": all(dealt.identical for dealt in many),
    }


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        f"{row['engine']:8} {row['replicas']:4} {row['skew']:>6} {row['delay']:6}"
        f" {row['cost_vs_single']:12.3f} {100 * row['satisfaction_gap']:+9.2f} pts"
        f" {row['requests_per_second']:11} {row['requests_behind']:7.0f}"
        f" {row['rated'] - row['counted']:12}" + ("" if row["identical"] else "  NOT IDENTICAL")
    )

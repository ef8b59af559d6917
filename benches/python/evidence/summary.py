"""Coverage, errors and refusals over many logs, and the time of a large one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import evaluate
from messplus.reports._text_table import format_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from messplus.replay.tables import Table

    Row = dict[str, Any]


def summarise(rows: list[Row]) -> tuple[str, dict[str, Any]]:
    """Give a table of all groups, and the figures that matter."""
    holds = [row for row in rows if row["overlap"] == "holds"]
    answered = [row for row in holds if not row["warned"]]
    fails = [row for row in rows if row["overlap"] == "fails"]
    typical = [row for row in answered if row["rated"] == 0.2]
    figures = {
        "coverage": _covered(answered),
        "coverage_satisfaction": _mean(map(_covers, answered)),
        "coverage_cost": _mean(_covers(row["cost"]) for row in answered),
        "median_error_satisfaction": _median(map(_error, typical)),
        "median_error_cost": _median(_relative(row) for row in typical),
        "refused_where_overlap_fails": _mean(row["warned"] for row in fails),
        "refused_where_it_holds": _mean(row["warned"] for row in holds),
        "estimates": len(answered),
    }
    groups: list[tuple[str, Callable[[Row], object]]] = [
        ("all", lambda _: "all"),
        ("policy", lambda row: row["policy"].partition(":")[0]),
        ("logging", lambda row: row["logging"]),
        ("rated", lambda row: row["rated"]),
        ("table", lambda row: row["table"]),
    ]
    lines = [
        _line(f"{name} {value}", [row for row in rows if key(row) == value])
        for name, key in groups
        for value in dict.fromkeys(map(key, rows))
    ]
    header = [
        "logs made by",
        "estimates",
        "covered: satisfaction",
        "cost",
        "error: satisfaction",
        "cost",
        "refused: holds",
        "few",
        "fails",
    ]
    return format_table(header, lines), figures


def _line(name: str, rows: list[Row]) -> list[str]:
    answered = [row for row in rows if row["overlap"] == "holds" and not row["warned"]]
    refused = [
        _share(_mean(row["warned"] for row in rows if row["overlap"] == overlap))
        for overlap in ("holds", "few", "fails")
    ]
    return [
        name,
        f"{len(answered):,}",
        _share(_mean(map(_covers, answered))),
        _share(_mean(_covers(row["cost"]) for row in answered)),
        _share(_median(map(_error, answered))),
        _share(_median(_relative(row) for row in answered)),
        *refused,
    ]


def seconds_of_large_log(table: Table, n: int = 100_000) -> tuple[float, float]:
    """Time the evaluation of ``n`` records at ten targets, default policies.

    Seconds that passed, and seconds of all cores together: the first depends on what else the
    machine has to do.
    """
    rng = np.random.default_rng(0)
    rows, model = rng.integers(0, len(table), n), rng.integers(0, len(table.models), n)
    rated = rng.random(n) < 0.2
    log = {
        "prompt": [table.prompts[row] for row in rows],
        "model": [table.models[m] for m in model],
        "satisfied": np.where(rated, table.scores[rows, model], np.nan).tolist(),
        "cost": table.costs[rows, model].tolist(),
    }
    start = time.perf_counter(), time.process_time()
    evaluate(log, targets=[0.64 + 0.01 * step for step in range(10)])
    return round(time.perf_counter() - start[0], 1), round(time.process_time() - start[1], 1)


def _covered(rows: list[Row]) -> float | None:
    both = [_covers(part) for row in rows for part in (row, row["cost"])]
    return _mean(both)


def _covers(part: Row) -> bool:
    return bool(part["low"] <= part["truth"] <= part["high"])


def _error(row: Row) -> float:
    return abs(float(row["estimate"]) - float(row["truth"]))


def _relative(row: Row) -> float:
    return abs(float(row["cost"]["estimate"]) / float(row["cost"]["truth"]) - 1.0)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(float(np.mean(found)), 4) if found else None


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(float(np.median(found)), 4) if found else None


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"

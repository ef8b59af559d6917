"""The folder or the log of a router as tables: what other programs can read."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from messplus import _core
from messplus._text import strict_json
from messplus.exceptions import InputError
from messplus.fleet.follow import follow_at
from messplus.state.core_config import CoreConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, Any]

# What a cell that is a formula begins with.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

COLUMNS = {
    "models": (
        "model",
        "listed_cost",
        "selected",
        "also_queried",
        "failed",
        "drifts",
        "rated",
        "satisfaction",
        "costed",
        "cost",
        "timed",
        "latency",
    ),
    "decisions": ("transition", "id", "sla", "model", "allowed"),
    "outcomes": ("transition", "id", "model", "satisfied", "cost", "latency"),
}


def tables(path: str | Path) -> dict[str, list[Row]]:
    """Read a folder or a log that may be in use.

    Parameters
    ----------
    path
        The folder of :meth:`Router.open`, or the address of a fleet.

    Returns
    -------
    dict
        ``models``: counts and sums since the router was made. ``decisions`` and ``outcomes``: the
        transitions since the last snapshot but one, in a log since the snapshot; earlier ones live
        on in the state only. ``transition`` is a number that counts them, in a log that of the
        batch. Features are left out.

    Raises
    ------
    StateError
        If there is no router that can be read.
    """
    followed = follow_at(path)
    if followed is None:
        core, _ = _core.Controller.recover(path)
        recorded, outcomes = _core.folder_history(path)
    else:
        core = followed.core
        recorded, outcomes = _core.log_history(
            followed.begin.state, followed.batches + followed.unsent
        )
    report, listed = core.report(), CoreConfig.of(core).listed_costs
    names, levels = list(listed), list(report["slas"])
    models: list[Row] = [
        {"model": name, "listed_cost": listed[name], **counters}
        for name, counters in report["models"].items()
    ]
    decisions: list[Row] = [
        {
            **decision,
            "sla": levels[decision["level"]],
            "model": names[decision["model"]],
            "allowed": _among(names, decision["allowed"]),
        }
        for decision in recorded
    ]
    found = {
        "models": models,
        "decisions": decisions,
        "outcomes": [{**outcome, "model": names[outcome["model"]]} for outcome in outcomes],
    }
    return {name: [_pick(row, COLUMNS[name]) for row in rows] for name, rows in found.items()}


def _among(names: Sequence[str], allowed: Sequence[int] | None) -> str | None:
    return None if allowed is None else " ".join(names[index] for index in allowed)


def write_csv(rows: Iterable[Row], columns: Iterable[str], out: IO[str]) -> None:
    """One table with a header line; text that a spreadsheet would run begins with an apostrophe."""
    writer = csv.DictWriter(out, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(cell) for name, cell in row.items()} for row in rows)


def write_json(found: dict[str, list[Row]], out: IO[str]) -> None:
    """All tables as one object of lists of objects."""
    out.write(strict_json(found, indent=1) + "\n")


def write_sqlite(found: dict[str, list[Row]], path: str | Path) -> None:
    """All tables in a new database.

    Raises
    ------
    InputError
        If the file exists.
    """
    if Path(path).exists():
        raise InputError(f"out: must not exist yet, got {str(path)!r}")
    with closing(sqlite3.connect(path)) as database, database:
        for name, columns in COLUMNS.items():
            marks = ", ".join("?" * len(columns))
            # Names are ours: there is nothing to escape.
            database.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            rows = (tuple(row.values()) for row in found[name])
            database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _pick(row: Row, columns: Iterable[str]) -> Row:
    return {column: row[column] for column in columns}

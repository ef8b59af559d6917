"""What a router wrote down itself, as a log: its JSON lines, or its folder.

Decisions are joined with the outcomes of the model decided for. Where another one served in the
end, because a call failed, the row is left out: its propensity is not known.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messplus import _core
from messplus.exceptions import InputError
from messplus.state.core_config import CoreConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from messplus.logs.logged_data import Columns

    Row = dict[str, Any]

#: Source of ratings of requests that were audited, where a log has some no others are trusted.
AUDIT = "audit"
_USER = "user"
_COLUMNS = (
    "id",
    "model",
    "propensity",
    "features",
    "session",
    "sla",
    "satisfied",
    "cost",
    "source",
)


def is_router_log(data: object) -> bool:
    """Whether this is a folder, or a file whose first line is an event."""
    if not isinstance(data, (str, os.PathLike)):
        return False
    path = Path(data)
    if path.is_dir():
        return True
    if path.suffix.lower() not in (".jsonl", ".ndjson") or not path.is_file():
        return False
    with path.open("rb") as file:
        line = next((line for line in file if line.strip()), b"")
    try:
        first = json.loads(line)
    except ValueError:
        return False
    return isinstance(first, dict) and "event" in first


def read_router_log(path: Path) -> Columns:
    """Read decisions and what became of them into the columns of a log.

    Parameters
    ----------
    path
        The folder of :meth:`messplus.Router.open`, in use or not, of which the journals are read:
        what happened since the last snapshot but one. Or the file of a
        :class:`messplus.logs.JsonlLog` with features.

    Raises
    ------
    InputError
        If a line is no event, or decisions have no features.
    StateError
        If the folder cannot be read.
    OSError
        If the file cannot be read.
    """
    rows = _from_folder(path) if path.is_dir() else _from_lines(path)
    found = [row for row in rows.values() if _was_served(row)]
    return {name: [row.get(name) for row in found] for name in _COLUMNS}


def _from_folder(path: Path) -> dict[str, Row]:
    core, _ = _core.Controller.recover(path)
    config = CoreConfig.of(core)
    names, levels = [model.name for model in config.models], list(config.levels)
    requests, outcomes = _core.retrace_folder(path)
    rows = {
        key: {
            "id": key,
            "model": names[model],
            "sla": levels[level],
            "propensity": propensity,
            "audit": audit,
            "session": None if session is None else f"{session:x}",
            "features": features,
        }
        for key, model, level, propensity, audit, session, features in zip(
            requests["id"],
            requests["model"],
            requests["level"],
            requests["propensity"],
            requests["audit"],
            requests["session"],
            requests["features"],
            strict=True,
        )
    }
    for key, model, satisfied, cost, source in outcomes:
        if key in rows:
            _join(rows[key], names[model], satisfied, cost, source)
    return rows


def _from_lines(path: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for number, event in _events(path):
        kind, key = event["event"], event.get("id")
        if kind == "decision":
            if key in rows:
                raise InputError(f"line {number}: id: must be decided once, got {key!r}")
            if "features" not in event:
                rule = "must have features: write the log with JsonlLog(path, features=True)"
                raise InputError(f"line {number}: {rule}, got a decision without")
            rows[str(key)] = {name: event.get(name) for name in (*_COLUMNS[:6], "audit")}
        elif kind == "outcome" and key in rows:
            row, source = rows[str(key)], str(event.get("source", _USER))
            satisfied, cost = (
                part if isinstance(part, dict) else {row["model"]: part}
                for part in (event.get("satisfied"), event.get("cost"))
            )
            for model in satisfied | cost:
                _join(row, model, satisfied.get(model), cost.get(model), source)
    return rows


def _events(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                event = json.loads(line)
            except ValueError as error:
                problem = str(error).partition("\n")[0]
                raise InputError(f"line {number}: must be JSON, got {problem}") from None
            if not isinstance(event, dict) or "event" not in event:
                raise InputError(f"line {number}: must be an event, got {event!r:.60}")
            yield number, event


def _join(row: Row, model: str, satisfied: object, cost: object, source: str) -> None:
    if model != row["model"]:
        row["elsewhere"] = True
        return
    if cost is not None:
        row["cost"] = cost
    if satisfied is None:
        return
    named = AUDIT if row["audit"] else source
    # Of several ratings the user's counts, else the first; a later one of the same source revises.
    if row.get("source") in (None, named) or source == _USER:
        row["satisfied"], row["source"] = satisfied, named


def _was_served(row: Row) -> bool:
    """Whether the answer came from the model decided for, as far as outcomes tell."""
    return "satisfied" in row or "cost" in row or "elsewhere" not in row

"""Records of a JSON, JSON lines or CSV file, and what to find in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from messplus.exceptions import InputError
from messplus.logs.formats import read_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Record = Mapping[str, Any]
    Row = dict[str, Any]


def read_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Read the objects of a ``.json`` list, ``.jsonl``, ``.csv`` or ``.parquet`` file, numbered.

    A ``.json`` file may hold the list itself, or an object with the list under ``data``.

    Raises
    ------
    InputError
        If the file is malformed; the message names it.
    OSError
        If it cannot be read.
    """
    if path.suffix.lower() != ".json":
        columns = read_columns(path)
        rows = zip(*columns.values(), strict=True)
        yield from enumerate((dict(zip(columns, row, strict=True)) for row in rows), start=1)
        return
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        problem = str(error).partition("\n")[0]
        raise InputError(f"{path}: must be JSON, got {problem}") from None
    if isinstance(content, dict):
        content = content.get("data", [content])
    for number, record in enumerate(content, start=1):
        if not isinstance(record, dict):
            raise InputError(f"{path}: record {number}: must be an object, got {record!r:.60}")
        yield number, record


def first(record: Record, names: Iterable[str]) -> Any:  # noqa: ANN401
    """Return the first of these fields that is there and not empty; None without any."""
    for name in names:
        value = record.get(name)
        if value is not None and value != "":
            return value
    return None


def parsed(value: Any) -> Any:  # noqa: ANN401
    """Return what a field holds, also where it is JSON in text, as in CSV."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def messages(value: Any) -> Any:  # noqa: ANN401
    """Return the prompt in a request: its messages, or its text; None without any."""
    found = parsed(value)
    if isinstance(found, dict):
        found = first(found, ("messages", "input", "prompt", "question", "query"))
    if isinstance(found, list) and all(isinstance(part, dict) for part in found):
        return found or None
    return found if isinstance(found, str) and found else None


def seconds(value: Any) -> float | None:  # noqa: ANN401
    """Return a time in seconds since 1970: a number as it is, or an ISO 8601 text."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            moment = datetime.fromisoformat(value)
    else:
        return float(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def amount(value: Any) -> float | None:  # noqa: ANN401
    """Return a number; None where there is none."""
    return None if value is None or value == "" else float(value)


def is_true(value: Any) -> bool:  # noqa: ANN401
    """Whether a flag is set, also where it is text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")

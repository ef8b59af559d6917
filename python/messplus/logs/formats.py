"""Files of columns: Parquet, CSV and JSON lines."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from messplus._optional import require
from messplus.exceptions import InputError

_WORDS = {"true": 1.0, "false": 0.0, "": math.nan}


def read_columns(path: Path) -> dict[str, Sequence[Any]]:
    """Read every column of a file whose suffix names its format.

    Raises
    ------
    InputError
        If the file is malformed; the message names the file and the row.
    OSError
        If the file cannot be read.
    """
    match path.suffix.lower():
        case ".parquet":
            return _read_parquet(path)
        case ".csv":
            return _read_csv(path)
        case ".jsonl" | ".ndjson":
            return _read_jsonl(path)
        case suffix:
            raise InputError(f"{path}: must end in .parquet, .csv or .jsonl, got {suffix!r}")


def number(value: object) -> float:
    """Read a number, a truth value or their text; NaN where there is none.

    Raises
    ------
    TypeError, ValueError, OverflowError
        If the value is something else.
    """
    if value is None:
        return math.nan
    if isinstance(value, str):
        word = value.strip().lower()
        return _WORDS[word] if word in _WORDS else float(word)
    return float(value)  # type: ignore[arg-type]  # a TypeError is the answer for other types


def _read_parquet(path: Path) -> dict[str, Sequence[Any]]:
    parquet = require("pyarrow.parquet", "tables")
    arrow = require("pyarrow", "tables")
    path.stat()  # An OSError of ours, not pyarrow's, where the file is missing.
    try:
        table = parquet.read_table(path)
    except arrow.ArrowException as error:
        raise InputError(f"{path}: must be a Parquet file, got {_first_line(error)}") from error
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _read_csv(path: Path) -> dict[str, Sequence[Any]]:
    rows = list(_csv_rows(path))
    if not rows:
        raise InputError(f"{path}: must have a header, got an empty file")
    header, *body = rows
    if len(set(header)) < len(header):
        raise InputError(f"{path}: columns must be distinct, got {', '.join(header)}")
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise InputError(
                f"{path}: row {number}: must have {len(header)} values, got {len(row)}"
            )
    return dict(zip(header, zip(*body, strict=True) if body else [()] * len(header), strict=True))


def _csv_rows(path: Path) -> Iterator[list[str]]:
    # Prompts may be longer than the module's default of 128 KiB per field.
    limit = csv.field_size_limit(2**31 - 1)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from filter(None, csv.reader(file, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: must be CSV in UTF-8, got {_first_line(error)}") from error
    finally:
        csv.field_size_limit(limit)


def _read_jsonl(path: Path) -> dict[str, Sequence[Any]]:
    rows: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                problem = _first_line(error)
                raise InputError(f"{path}: line {number}: must be JSON, got {problem}") from error
            if not isinstance(row, dict):
                kind = type(row).__name__
                raise InputError(f"{path}: line {number}: must be a JSON object, got {kind}")
            rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

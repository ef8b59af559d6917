"""One reader per tool, and the rating of what they read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from messplus.exceptions import InputError

from . import langfuse, litellm, mlflow, openai_batch
from .records import read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from messplus.prices import TokenPrice

    from .records import Record, Row

#: Tools whose logs can be read.
READERS = ("langfuse", "litellm", "mlflow", "openai-batch")
_ROW: dict[str, Callable[[Record], Row | None]] = {
    "langfuse": langfuse.row,
    "litellm": litellm.row,
    "mlflow": mlflow.row,
}


def import_log(
    tool: str,
    paths: Sequence[str | Path],
    *,
    ratings: str | Path | None = None,
    name: str | None = None,
    scale: tuple[float, float] = (0.0, 1.0),
    prices: Mapping[str, TokenPrice] | None = None,
) -> tuple[list[Row], int]:
    """Read the log of another tool.

    Parameters
    ----------
    tool
        One of :data:`READERS`.
    paths
        Its files: ``.json``, ``.jsonl``, ``.csv`` or ``.parquet``.
    ratings
        A file of ratings, ``id`` and ``satisfied`` (or ``value``), with ``source`` and ``name``
        where there are several; of Langfuse, its export of scores.
    name
        Which of the ratings count, by name; all by default, the last of a request.
    scale
        The worst and the best rating there is, which become 0 and 1.
    prices
        Prices per token by model, where the tool tells no costs.

    Returns
    -------
    tuple
        Rows in the order of their times, and how many records were left out.

    Raises
    ------
    InputError
        If a file is malformed, a time or amount cannot be read, or a rating is beyond the scale;
        the message names file, record, rule and value.
    OSError
        If a file cannot be read.
    """
    if tool not in READERS:
        raise InputError(f"tool: must be one of {', '.join(READERS)}, got {tool!r}")
    files = [Path(path) for path in paths]
    rows: list[Row] = []
    total = 0
    given = _ratings(tool, Path(ratings), name) if ratings is not None else {}
    for path, number, found in _read(tool, files, prices or {}):
        total += 1
        if found is None or not found["model"]:
            continue
        for key in (found.pop("trace", None), found["id"]):
            if key is not None and str(key) in given:
                found.update(given[str(key)])
        if "satisfied" in found:
            found["satisfied"] = _scaled(found["satisfied"], scale, f"{path}: record {number}")
        rows.append(found)
    rows.sort(key=lambda row: row["time"] or 0.0)
    return rows, total - len(rows)


def _read(
    tool: str, files: Sequence[Path], prices: Mapping[str, TokenPrice]
) -> Iterator[tuple[Path, int, Row | None]]:
    records = [(path, number, record) for path in files for number, record in read_records(path)]
    if tool == "openai-batch":
        asked = [openai_batch.request(record) for _, _, record in records]
        prompts = dict(found for found in asked if found is not None)
        records = [each for each, found in zip(records, asked, strict=True) if found is None]
    for path, number, record in records:
        try:
            yield (
                path,
                number,
                openai_batch.row(record, prompts, prices)
                if tool == "openai-batch"
                else _ROW[tool](record),
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: record {number}: must be of {tool}, got {error}") from None


def _ratings(tool: str, path: Path, name: str | None) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for number, record in read_records(path):
        one = langfuse.rating(record) if tool == "langfuse" else _rating(record)
        if one["id"] is None:
            raise InputError(f"{path}: record {number}: must have an id, got {record!r:.60}")
        if name is None or one["name"] == name:
            found[str(one["id"])] = {"satisfied": one["satisfied"], "source": one["source"]}
    return found


def _rating(record: Record) -> Row:
    return {
        "id": record.get("id"),
        "name": record.get("name"),
        "satisfied": record.get("satisfied", record.get("value")),
        "source": record.get("source"),
    }


def _scaled(value: object, scale: tuple[float, float], where: str) -> float | None:
    if value is None or value == "":
        return None
    words = {"true": scale[1], "yes": scale[1], "pass": scale[1]}
    words |= {"false": scale[0], "no": scale[0], "fail": scale[0]}
    try:
        number = words.get(str(value).strip().lower())
        number = float(value) if number is None else number  # type: ignore[arg-type]
    except (TypeError, ValueError):
        rule = "must be a number, yes or no"
        raise InputError(f"{where}: satisfied: {rule}, got {value!r:.60}") from None
    if not scale[0] <= number <= scale[1]:
        rule = f"must be in [{scale[0]:g}, {scale[1]:g}]"
        raise InputError(f"{where}: satisfied: {rule}, got {value!r:.60}")
    return (number - scale[0]) / (scale[1] - scale[0])

"""Langfuse: observations as its API, its tables or its blob storage export them.

One record per observation, of which generations are answers. Scores are read from the record
(``scores``), or from their own export, joined by observation or trace (``--ratings``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records import amount, first, messages, parsed, seconds

if TYPE_CHECKING:
    from .records import Record, Row

_SOURCES = {"ANNOTATION": "annotation", "EVAL": "judge", "API": "user"}


def row(record: Record) -> Row | None:
    """Turn one observation into a row; None where it is no generation that succeeded."""
    if str(record.get("type", "GENERATION")).upper() != "GENERATION":
        return None
    if str(record.get("level", "")).upper() == "ERROR":
        return None
    prompt = messages(record.get("input"))
    if prompt is None:
        return None
    start = seconds(first(record, ("startTime", "start_time")))
    end = seconds(first(record, ("endTime", "end_time")))
    details = parsed(first(record, ("costDetails", "cost_details")))
    total = details.get("total") if isinstance(details, dict) else None
    cost = first(record, ("calculatedTotalCost", "totalCost", "total_cost", "latestCost"))
    return {
        "id": record.get("id"),
        "trace": first(record, ("traceId", "trace_id")),
        "time": start,
        "prompt": prompt,
        "model": first(record, ("model", "providedModelName", "provided_model_name")),
        "cost": amount(total if cost is None else cost),
        "latency": None if start is None or end is None else end - start,
        "session": first(record, ("sessionId", "session_id", "traceId", "trace_id")),
    } | _score(parsed(record.get("scores")))


def rating(record: Record) -> Row:
    """Turn one record of the export of scores into a rating."""
    source = str(record.get("source", ""))
    return {
        "id": first(record, ("observationId", "observation_id", "traceId", "trace_id")),
        "name": record.get("name"),
        "satisfied": first(record, ("value", "numericValue", "stringValue", "string_value")),
        "source": _SOURCES.get(source.upper(), source or None),
    }


def _score(scores: object) -> Row:
    """The last score that an observation carries itself."""
    if not isinstance(scores, list) or not scores or not isinstance(scores[-1], dict):
        return {}
    found = rating(scores[-1])
    return {"satisfied": found["satisfied"], "source": found["source"]}

"""MLflow: traces as ``Trace.to_json`` writes them, one per line.

A trace is a row: its request is the prompt, its last feedback the rating. The model is that of its
first span that names one, the cost that of the trace or the sum over its spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import amount, first, messages, parsed, seconds

if TYPE_CHECKING:
    from .records import Record, Row

_MODELS = ("mlflow.llm.model", "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
_COSTS = ("mlflow.llm.cost", "gen_ai.usage.cost", "llm.cost.total")
_SOURCES = {"HUMAN": "user", "LLM_JUDGE": "judge", "AI_JUDGE": "judge", "CODE": "code"}


def row(record: Record) -> Row | None:
    """Turn one trace into a row; None where it failed or called no model."""
    info, data = record.get("info", record), record.get("data", {})
    if str(first(info, ("state", "status")) or "OK") != "OK":
        return None
    spans = data.get("spans", [])
    model = next((found for span in spans if (found := _attribute(span, _MODELS))), None)
    prompt = messages(first(data, ("request",)) or _request(spans) or info.get("request_preview"))
    if model is None or prompt is None:
        return None
    metadata = {**info.get("trace_metadata", {}), **info.get("request_metadata", {})}
    cost = parsed(metadata.get("mlflow.trace.cost"))
    total = cost.get("total_cost") if isinstance(cost, dict) else cost
    spent = [found for span in spans if (found := _attribute(span, _COSTS)) is not None]
    spent = [part.get("total_cost") if isinstance(part, dict) else part for part in spent]
    start = first(info, ("request_time", "timestamp_ms"))
    took = first(info, ("execution_duration", "execution_time_ms", "execution_duration_ms"))
    return {
        "id": first(info, ("trace_id", "request_id")),
        "time": _time(start),
        "prompt": prompt,
        "model": model,
        "cost": amount(total) if total is not None else (sum(map(float, spent)) if spent else None),
        "latency": _duration(took),
        "session": metadata.get("mlflow.trace.session"),
    } | _assessment(info.get("assessments"))


def _attribute(span: Record, names: tuple[str, ...]) -> Any:  # noqa: ANN401
    value = parsed(first(span.get("attributes", {}), names))
    # Attributes are JSON: a text comes with its quotes.
    return value.strip('"') if isinstance(value, str) else value


def _request(spans: list[Record]) -> object:
    """The inputs of the root span."""
    return _attribute(spans[0], ("mlflow.spanInputs",)) if spans else None


def _time(value: Any) -> float | None:  # noqa: ANN401
    """Milliseconds, or a text."""
    return value / 1000.0 if isinstance(value, (int, float)) else seconds(value)


def _duration(value: Any) -> float | None:  # noqa: ANN401
    """Milliseconds, or a text as protocol buffers write it: ``1.5s``."""
    if isinstance(value, str) and value.endswith("s"):
        return float(value[:-1])
    return None if value is None else float(value) / 1000.0


def _assessment(assessments: Any) -> Row:  # noqa: ANN401
    """The last feedback of a trace."""
    for one in reversed(assessments or []):
        if isinstance(one.get("feedback"), dict) and one["feedback"].get("value") is not None:
            source = str(one.get("source", {}).get("source_type", ""))
            name = _SOURCES.get(source, source.lower() or None)
            return {"satisfied": one["feedback"]["value"], "source": name}
    return {}

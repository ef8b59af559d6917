"""LiteLLM: spend logs (rows of ``LiteLLM_SpendLogs``) and standard logging payloads.

Both have one record per call. Prompts are there only where LiteLLM was told to store them
(``store_prompts_in_spend_logs``). Neither has ratings: they are joined by ``id``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records import amount, first, is_true, messages, parsed, seconds

if TYPE_CHECKING:
    from .records import Record, Row


def row(record: Record) -> Row | None:
    """Turn one record into a row; None where it is no answer of a model."""
    if record.get("status") not in (None, "", "success") or is_true(record.get("cache_hit")):
        return None
    call = first(record, ("call_type",))
    if call is not None and "completion" not in str(call) and "responses" not in str(call):
        return None
    # What a client sent to the proxy, where the messages themselves were not kept.
    prompt = messages(record.get("messages")) or messages(record.get("proxy_server_request"))
    if prompt is None:
        return None
    start, end = seconds(record.get("startTime")), seconds(record.get("endTime"))
    metadata = parsed(record.get("metadata"))
    session = first(record, ("session_id", "trace_id"))
    return {
        "id": first(record, ("request_id", "litellm_call_id", "id")),
        "time": start,
        "prompt": prompt,
        "model": _model(record, metadata),
        "cost": amount(first(record, ("response_cost", "spend"))),
        "latency": None if start is None or end is None else end - start,
        "input_tokens": record.get("prompt_tokens") or None,
        "session": session,
    }


def _model(record: Record, metadata: object) -> object:
    """The deployment's model: of all calls of one group, which answered."""
    deployment = metadata.get("deployment") if isinstance(metadata, dict) else None
    return deployment or record.get("model")

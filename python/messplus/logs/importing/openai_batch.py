"""OpenAI's Batch API: the file of requests beside that of results, joined by ``custom_id``.

Give both files, in any order. Costs follow from the tokens used and prices (``--prices``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records import messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus.prices import TokenPrice

    from .records import Record, Row


def request(record: Record) -> tuple[str, object] | None:
    """Return name and prompt of a record of the file of requests; None where it is a result."""
    body = record.get("body")
    if not isinstance(body, dict):
        return None
    return str(record.get("custom_id")), messages(body)


def row(
    record: Record, prompts: Mapping[str, object], prices: Mapping[str, TokenPrice]
) -> Row | None:
    """Turn one result into a row; None where it failed, or its request is not known."""
    name = str(record.get("custom_id"))
    response = record.get("response")
    if record.get("error") or not isinstance(response, dict) or name not in prompts:
        return None
    if response.get("status_code", 200) != 200 or prompts[name] is None:
        return None
    body = response.get("body", {})
    usage, model = body.get("usage") or {}, body.get("model")
    sent = usage.get("prompt_tokens", usage.get("input_tokens"))
    got = usage.get("completion_tokens", usage.get("output_tokens"))
    price = prices.get(str(model))
    known = price is not None and sent is not None and got is not None
    return {
        "id": name,
        "time": body.get("created", body.get("created_at")),
        "prompt": prompts[name],
        "model": model,
        "cost": price.cost(sent, got) if known and price is not None else None,
        "input_tokens": sent,
    }

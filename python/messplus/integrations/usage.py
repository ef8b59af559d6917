"""The tokens a call was billed for, and what they cost by the price list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from messplus.prices import TokenPrice

if TYPE_CHECKING:
    from messplus.router import Router


class Usage(NamedTuple):
    """Tokens of one call.

    Attributes
    ----------
    input_tokens, output_tokens
        Tokens of the prompt and of the answer.
    cached_tokens
        Those of the prompt that the provider read from its cache.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


def read(usage: object) -> Usage | None:
    """Read the ``usage`` of a response in the form of OpenAI's APIs or of LangChain.

    Parameters
    ----------
    usage
        A mapping or an object; anything else, and what has no counts, gives None.
    """
    read_tokens = _count(usage, "prompt_tokens", "input_tokens")
    written = _count(usage, "completion_tokens", "output_tokens")
    if read_tokens is None or written is None:
        return None
    details = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
    found = (_count(_get(usage, name), "cached_tokens", "cache_read") for name in details)
    return Usage(read_tokens, written, next((count for count in found if count is not None), 0))


def cost(router: Router, model: str, usage: Usage | None) -> float | None:
    """Price of a call by the list; None where the model has no price per token."""
    if usage is None:
        return None
    price = next((entry.cost for entry in router.models if entry.name == model), None)
    if not isinstance(price, TokenPrice):
        return None
    return price.cost(usage.input_tokens, usage.output_tokens)


def _get(owner: object, name: str) -> object:
    return owner.get(name) if isinstance(owner, Mapping) else getattr(owner, name, None)


def _count(owner: object, *names: str) -> int | None:
    for name in names:
        value = _get(owner, name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None

"""The tokens a call was billed for, as providers and gateways report them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")


class Usage(NamedTuple):
    """Tokens of one call.

    Attributes
    ----------
    input_tokens, output_tokens
        Tokens of the whole prompt, cached or not, and of the answer.
    cached_tokens
        Those of the prompt that the provider read from its cache.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


def read(usage: object) -> Usage | None:
    """Read the ``usage`` of a response in the form of OpenAI, Anthropic, LiteLLM or LangChain.

    Parameters
    ----------
    usage
        A mapping or an object; anything else, and what has no counts, gives None.

    Returns
    -------
    Usage or None
        The tokens. Anthropic counts what was read from its cache or written to it apart from the
        rest of the prompt; here it is part of it.
    """
    if isinstance(usage, Usage):
        return usage
    read_tokens = _count(usage, "prompt_tokens", "input_tokens")
    written = _count(usage, "completion_tokens", "output_tokens")
    if read_tokens is None or written is None:
        return None
    cached = _count(usage, "cache_read_input_tokens")
    if cached is not None and _get(usage, "prompt_tokens") is None:
        created = _count(usage, "cache_creation_input_tokens") or 0
        return Usage(read_tokens + cached + created, written, cached)
    found = (_count(_get(usage, name), "cached_tokens", "cache_read") for name in _DETAILS)
    cached = next((count for count in found if count is not None), cached or 0)
    return Usage(read_tokens, written, min(cached, read_tokens))


def _get(owner: object, name: str) -> object:
    return owner.get(name) if isinstance(owner, Mapping) else getattr(owner, name, None)


def _count(owner: object, *names: str) -> int | None:
    for name in names:
        value = _get(owner, name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None

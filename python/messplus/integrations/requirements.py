"""What a chat requires of the model that serves it, as far as the request shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Collection

VISION, TOOLS = "vision", "tools"
# Of a message in the form of OpenAI's chats, of its responses, and of Anthropic's and LangChain's.
_IMAGES = ("image_url", "input_image", "image")


def required(
    messages: object, tools: object = None, also: Collection[str] | None = None
) -> frozenset[str]:
    """Return ``vision`` where a message holds an image, and ``tools`` where some are given.

    Models that list what they support are left out where that is missing; those that list nothing
    are taken to support anything.

    Parameters
    ----------
    messages
        The prompt: messages, or anything else.
    tools
        The tools that the model may call.
    also
        What the caller requires beside.
    """
    found = set(also or ())
    if _is_list(messages) and any(_has_image(message) for message in messages):
        found.add(VISION)
    if tools:
        found.add(TOOLS)
    return frozenset(found)


def _has_image(message: object) -> bool:
    content = _get(message, "content")
    return _is_list(content) and any(_get(part, "type") in _IMAGES for part in content)


def _get(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, Mapping) else getattr(holder, key, None)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))

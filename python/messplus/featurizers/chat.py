"""The text of a chat: what of a message list a router looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from messplus.exceptions import InputError

#: A prompt: its text, or a list of messages: mappings in the form of the OpenAI API, or objects
#: with a ``content`` and a ``role`` or ``type``, such as LangChain's.
Prompt: TypeAlias = str | Sequence[Mapping[str, Any]] | Sequence[Any]

_TEXT_PARTS = ("text", "input_text")
_USERS = ("user", "human")
_BYTES_PER_TOKEN = 4
_MAX_TOKENS = 2**32 - 1


def prompt_text(prompt: Prompt) -> str:
    """Return the text that is turned into features.

    Of a message list that is the text of all ``user`` messages, joined by line breaks. System
    prompts repeat from request to request, and answers say more about the model that gave them
    than about the question; parts that are not text (images, tool results) are left out. Where
    no user says anything, as in a request of a system prompt alone, the text of all messages
    counts; where there is none at all, the text is empty. Where the whole is too long, featurizers
    keep its first and last tokens: the opening question and the latest one.

    Parameters
    ----------
    prompt
        Text, or messages in the form of the OpenAI API.

    Returns
    -------
    str
        The text.

    Raises
    ------
    InputError
        If the prompt is neither text nor a list of messages.
    """
    if isinstance(prompt, str):
        return prompt
    messages = [(_role(message), _texts(_content(message))) for message in _messages(prompt)]
    asked = [text for role, texts in messages if role in _USERS for text in texts if text]
    return "\n".join(asked or [text for _, texts in messages for text in texts if text])


def estimate_tokens(prompt: Prompt) -> int:
    """Estimate how many tokens a provider bills a prompt for, at least 1; raises as above.

    Four bytes of UTF-8 make a token, as in English text; of a message list all messages count,
    because all of them are sent. How far this is off for a model and a kind of prompt is learned
    with its bills.
    """
    if isinstance(prompt, str):
        size = _bytes(prompt)
    else:
        contents = [_content(message) for message in _messages(prompt)]
        size = sum(_bytes(text) for content in contents for text in _texts(content))
    return min(max(-(-size // _BYTES_PER_TOKEN), 1), _MAX_TOKENS)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _messages(prompt: object) -> Sequence[object]:
    if not isinstance(prompt, Sequence) or isinstance(prompt, (bytes, bytearray)):
        raise InputError(
            f"prompt: must be a string or a list of messages, got {type(prompt).__name__}"
        )
    for message in prompt:
        if not isinstance(message, Mapping) and not hasattr(message, "content"):
            rule = "must be mappings or have a content"
            raise InputError(f"prompt: messages {rule}, got {type(message).__name__}")
    return prompt


def _role(message: object) -> object:
    """The role of a message; LangChain's have a type instead."""
    return _get(message, "role") or _get(message, "type")


def _content(message: object) -> object:
    return _get(message, "content")


def _get(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, Mapping) else getattr(holder, key, None)


def _texts(content: object) -> list[str]:
    """Return the texts of a message; content without any, such as a call of a tool, has none."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, Sequence):
        return []
    texts = [
        part if isinstance(part, str) else _get(part, "text")
        for part in content
        if isinstance(part, str) or _get(part, "type") in _TEXT_PARTS
    ]
    return [text for text in texts if isinstance(text, str)]

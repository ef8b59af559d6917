"""The text of a chat: what of a message list a router looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from messplus.exceptions import InputError

#: A prompt: its text, or a list of messages in the form of the OpenAI API.
Prompt: TypeAlias = str | Sequence[Mapping[str, Any]]

_TEXT_PARTS = ("text", "input_text")
_BYTES_PER_TOKEN = 4
_MAX_TOKENS = 2**32 - 1


def prompt_text(prompt: Prompt) -> str:
    """Return the text that is turned into features.

    Of a message list that is the text of all ``user`` messages, joined by line breaks. System
    prompts repeat from request to request, and answers say more about the model that gave them
    than about the question; parts that are not text (images, tool results) are left out. Where
    the whole is too long, featurizers keep its first and last tokens: the opening question and
    the latest one.

    Raises
    ------
    InputError
        If the prompt is neither text nor a list of messages, or no message is a user's.
    """
    if isinstance(prompt, str):
        return prompt
    texts = [_content(message.get("content")) for message in _messages(prompt) if _asks(message)]
    if not texts:
        raise InputError("prompt: must have a message with the role 'user', got none")
    return "\n".join(texts)


def estimate_tokens(prompt: Prompt) -> int:
    """Estimate how many tokens a provider bills a prompt for, at least 1; raises as above.

    Four bytes of UTF-8 make a token, as in English text; of a message list all messages count,
    because all of them are sent. How far this is off for a model and a kind of prompt is learned
    with its bills.
    """
    if isinstance(prompt, str):
        size = _bytes(prompt)
    else:
        contents = [message.get("content") for message in _messages(prompt)]
        size = sum(_bytes(text) for content in contents for text in _texts(content))
    return min(max(-(-size // _BYTES_PER_TOKEN), 1), _MAX_TOKENS)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _messages(prompt: object) -> list[Mapping[str, Any]]:
    if not isinstance(prompt, Sequence) or isinstance(prompt, (bytes, bytearray)):
        raise InputError(
            f"prompt: must be a string or a list of messages, got {type(prompt).__name__}"
        )
    return [_message(message) for message in prompt]


def _message(message: object) -> Mapping[str, Any]:
    if not isinstance(message, Mapping):
        raise InputError(f"prompt: messages must be mappings, got {type(message).__name__}")
    return message


def _asks(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "user"


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        raise InputError(
            f"prompt: content must be a string or a list of parts, got {type(content).__name__}"
        )
    return "\n".join(_texts(list(map(_message, content))))


def _texts(content: object) -> list[str]:
    """Return the texts of a message; content without any, such as a call of a tool, has none."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, Sequence):
        return []
    parts = [part for part in content if isinstance(part, Mapping)]
    return [str(part.get("text", "")) for part in parts if part.get("type") in _TEXT_PARTS]

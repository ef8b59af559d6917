"""The text of chat messages."""

from dataclasses import dataclass

import pytest

from messplus import SLA, Model, Router
from messplus.exceptions import InputError
from messplus.featurizers import prompt_text
from messplus.featurizers.chat import estimate_tokens

ROUTER = Router([Model("small", 1.0), Model("large", 9.0)], SLA(0.9))


def test_text_is_itself() -> None:
    assert prompt_text("hello") == "hello"


def test_user_messages_are_joined_and_others_left_out() -> None:
    messages = [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "What is a virtual queue?"},
        {"role": "assistant", "content": "A counter."},
        {"role": "user", "content": "And its backlog?"},
        {"role": "tool", "content": "42"},
    ]
    assert prompt_text(messages) == "What is a virtual queue?\nAnd its backlog?"


def test_parts_that_are_text_count() -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_text", "text": "Be brief."},
    ]
    assert prompt_text([{"role": "user", "content": parts}]) == "What is this?\nBe brief."


@dataclass
class LangChainMessage:
    """As LangChain's messages are: a type and a content, no mapping."""

    type: str
    content: object


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ([], ""),
        ([{"role": "system", "content": "Sum up the news."}], "Sum up the news."),
        ([{"role": "user", "content": None}], ""),
        ([{"role": "user"}], ""),
        ([{"role": "user", "content": 7}], ""),
        ([{"role": "user", "content": ["hello", {"type": "text", "text": None}]}], "hello"),
        ([{"role": "assistant", "content": None, "tool_calls": [{}]}], ""),
        ([{"role": "tool", "content": "42"}, {"role": "user", "content": ""}], "42"),
        ([LangChainMessage("system", "Be kind."), LangChainMessage("human", "Hello?")], "Hello?"),
        ([LangChainMessage("human", [{"type": "text", "text": "Hello?"}])], "Hello?"),
        ([LangChainMessage("system", "Be kind."), LangChainMessage("ai", [])], "Be kind."),
    ],
)
def test_whatever_text_there_is_counts(prompt: list[object], text: str) -> None:
    assert prompt_text(prompt) == text
    assert estimate_tokens(prompt) >= 1
    assert ROUTER.select(prompt).model in ("small", "large")


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        (["hello"], "messages must be mappings or have a content, got str"),
        ([{"role": "user", "content": "x"}, 7], "got int"),
        (b"hello", "got bytes"),
        (7, "got int"),
    ],
)
def test_anything_else_is_refused(prompt: object, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        prompt_text(prompt)  # type: ignore[arg-type]

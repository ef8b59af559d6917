"""The text of chat messages."""

import pytest

from messplus.exceptions import InputError
from messplus.featurizers import prompt_text


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


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ([], "role 'user'"),
        ([{"role": "system", "content": "x"}], "role 'user'"),
        ([{"role": "user", "content": None}], "got NoneType"),
        ([{"role": "user"}], "got NoneType"),
        (["hello"], "messages must be mappings"),
        ([{"role": "user", "content": ["hello"]}], "messages must be mappings"),
        (b"hello", "got bytes"),
        (7, "got int"),
    ],
)
def test_anything_else_is_refused(prompt: object, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        prompt_text(prompt)  # type: ignore[arg-type]

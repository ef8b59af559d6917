"""Text from elsewhere: spelled out where it would do something, and JSON that is JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from messplus._text import printable, strict_json

if TYPE_CHECKING:
    from messplus import Router


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller 東京 👩", "Müller 東京 👩"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("a\u202eb\ud800", r"a\u202eb\ud800"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
    ],
)
def test_what_moves_a_cursor_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_can_be_kept() -> None:
    assert printable("a\tb\r\nc\x1b", keep="\n\t") == "a\tb\\r\nc\\x1b"


def test_numbers_json_does_not_know_become_null() -> None:
    value = {"a": [1.5, float("inf"), (float("nan"), -float("inf"))], "b": "NaN", "c": 3}
    text = strict_json(value)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": [1.5, None, [None, None]],
        "b": "NaN",
        "c": 3,
    }


@pytest.mark.parametrize("session", ["\ud800", "a\x00b", "\udfff" * 1000, ""])
def test_any_text_names_a_session(router: Router, session: str) -> None:
    assert router.select("x", session=session).model == router.select("x", session=session).model

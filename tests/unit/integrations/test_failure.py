"""What a failed call is taken for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from messplus.integrations.failure import Failure, of_error, of_status


class FakeError(Exception):
    """An error in the form of OpenAI's SDK."""

    def __init__(self, **fields: Any) -> None:
        super().__init__("no")
        self.__dict__.update(fields)


class APITimeoutError(Exception):
    """Named as OpenAI's SDK names it."""


LATER = SimpleNamespace(headers={"retry-after": "7"})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FakeError(status_code=400), None),
        (FakeError(status_code=422), None),
        (FakeError(status_code=400, code="context_length_exceeded"), Failure("context_window")),
        (FakeError(status_code=401), Failure()),
        (FakeError(status_code=503), Failure()),
        (FakeError(status_code=504), Failure("timeout")),
        (FakeError(status_code=429), Failure("rate_limit")),
        (FakeError(status_code=429, response=LATER), Failure("rate_limit", 7.0)),
        (FakeError(), Failure()),
        (ConnectionResetError(), Failure()),
        (TimeoutError(), Failure("timeout")),
        (APITimeoutError(), Failure("timeout")),
        (TypeError("create() got an unexpected keyword argument"), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_an_error_is_the_provider_s_or_the_request_s(
    error: BaseException, expected: Failure | None
) -> None:
    assert of_error(error) == expected


@pytest.mark.parametrize(
    ("value", "seconds"), [("0", 0.0), ("-1", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", None)]
)
def test_the_time_to_ask_again_is_read_where_it_is_a_number(
    value: str, seconds: float | None
) -> None:
    assert of_status(429, {"retry-after": value}) == Failure("rate_limit", seconds)

"""Usage as providers and gateways report it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from messplus.usage import Usage, read


@pytest.mark.parametrize(
    "usage",
    [
        # OpenAI, chat completions; LiteLLM has the same.
        {
            "prompt_tokens": 100,
            "completion_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 60},
        },
        # LiteLLM, of an Anthropic model: its prompt tokens are all of them.
        {"prompt_tokens": 100, "completion_tokens": 7, "cache_read_input_tokens": 60},
        # OpenAI, responses.
        {"input_tokens": 100, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 60}},
        # LangChain.
        {"input_tokens": 100, "output_tokens": 7, "input_token_details": {"cache_read": 60}},
        # Anthropic counts the three parts of a prompt apart.
        {
            "input_tokens": 30,
            "output_tokens": 7,
            "cache_read_input_tokens": 60,
            "cache_creation_input_tokens": 10,
        },
        SimpleNamespace(
            prompt_tokens=100,
            completion_tokens=7,
            prompt_tokens_details=SimpleNamespace(cached_tokens=60),
        ),
        Usage(100, 7, 60),
    ],
)
def test_every_form_says_the_same(usage: object) -> None:
    assert read(usage) == Usage(100, 7, 60)


@pytest.mark.parametrize(
    "usage",
    [None, 3, "tokens", {}, {"prompt_tokens": 1}, {"prompt_tokens": -1, "completion_tokens": 2}],
)
def test_what_has_no_counts_is_none(usage: object) -> None:
    assert read(usage) is None


def test_without_details_nothing_was_cached() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": None}
    assert read(usage) == Usage(5, 2, 0)

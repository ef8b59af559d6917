"""The client wrapper over OpenAI's own SDK."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from messplus import ConfigError, Model, Router, TokenPrice
from messplus.integrations.openai import RoutedAsyncOpenAI, RoutedOpenAI
from tests.zoo import make_router

openai = pytest.importorskip("openai", reason="openai is not installed: see make gateways")

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT = [{"role": "user", "content": "What is the capital of France?"}]
PRICE = TokenPrice(input=1.0, output=2.0, output_tokens=10)


@pytest.fixture(autouse=True)
def close(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every client, so that no socket is left to the collector."""
    made: list[Any] = []

    class Closed(openai.OpenAI):  # type: ignore[misc, name-defined]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    monkeypatch.setattr(openai, "OpenAI", Closed)
    yield
    for client in made:
        client.close()


def routed(url: str, *names: str, **clients: Any) -> RoutedOpenAI:
    client = openai.OpenAI(base_url=url, api_key="secret", max_retries=0)
    models = [Model(name, TokenPrice(1.0 + i, 2.0, 10)) for i, name in enumerate(names)]
    return RoutedOpenAI(make_router(models=models), client, clients)


def reported(router: Router, name: str) -> Any:
    return router.report().models[name]


def test_images_and_tools_go_where_they_are_supported(url: str) -> None:
    models = [
        Model("small", 1.0, supports={"tools"}),
        Model("large", 9.0, supports={"tools", "vision"}),
    ]
    client = RoutedOpenAI(
        make_router(models=models), openai.OpenAI(base_url=url, api_key="secret", max_retries=0)
    )
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    chat: Any = [{"role": "user", "content": [{"type": "text", "text": "What?"}, image]}]
    for _ in range(5):
        answer = client.chat.completions.create(model="messplus", messages=chat)
        assert answer.model == "large"
    beyond: Any = {"requires": {"audio"}}
    client.chat.completions.create(model="messplus", messages=CHAT, messplus=beyond)
    assert client.guard.errors == {"select": 1}


def test_an_answer_carries_its_decision_and_teaches_its_cost(url: str) -> None:
    client = routed(url, "small", "large")
    answer = client.chat.completions.create(
        model="messplus", messages=CHAT, temperature=0, messplus={"tags": {"task": "qa"}}
    )
    assert answer.choices[0].message.content.startswith("Paris")
    client.guard.router.feedback(answer.decision_id, satisfied=True)
    small = reported(client.guard.router, answer.model)
    assert (small.rated, small.costed, small.timed) == (1, 1, 1)
    assert small.cost == pytest.approx((20 * 1.0 + 5 * 2.0) / 1e6)
    assert not client.guard.errors


@pytest.mark.parametrize("asked", [False, True])
def test_a_stream_carries_its_decision_and_teaches_its_cost(url: str, asked: bool) -> None:
    client = routed(url, "small", "large")
    more = {"stream_options": {"include_usage": True}} if asked else {}
    stream = client.chat.completions.create(model="messplus", messages=CHAT, stream=True, **more)
    chunks = list(stream)
    assert len(stream.decision_id) == 32
    assert [bool(chunk.choices) for chunk in chunks] == [True] * 6 + [False] * asked
    assert reported(client.guard.router, "small").costed == 1


def test_a_model_that_is_down_is_left_for_the_next(url: str) -> None:
    client = routed(url, "down", "large")
    for stream in (False, True):
        answer = client.chat.completions.create(model="messplus", messages=CHAT, stream=stream)
        if stream:
            list(answer)
        client.guard.rate(answer.decision_id, satisfied=True)
    large = reported(client.guard.router, "large")
    assert (large.costed, large.rated) == (2, 2)
    assert reported(client.guard.router, "down").failed == 1


def test_an_error_of_the_request_is_the_caller_s(url: str) -> None:
    client = routed(url, "bad", "large")
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="messplus", messages=CHAT)
    assert reported(client.guard.router, "bad").failed == 0


def test_where_all_are_down_the_last_error_is_the_caller_s(url: str) -> None:
    client = routed(url, "down", "down too")
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="messplus", messages=CHAT)


def test_other_models_and_resources_are_the_client_s(url: str) -> None:
    client = routed(url, "small", "large")
    answer = client.chat.completions.create(model="elsewhere", messages=CHAT)
    assert answer.model == "elsewhere"
    assert client.embeddings.create(model="e", input="x", encoding_format="float").data
    assert client.guard.router.report().decisions == 0
    assert client.chat.completions.with_raw_response
    assert client.api_key == "secret"


def test_a_model_may_have_a_client_of_its_own(url: str) -> None:
    elsewhere = openai.OpenAI(base_url=url, api_key="other", max_retries=0)
    client = routed("http://127.0.0.1:1/v1", "down", "large", large=elsewhere)
    answer = client.chat.completions.create(model="messplus", messages=CHAT)
    assert answer.model == "large"
    with pytest.raises(ConfigError, match=r"clients: must be by model of the zoo, got \['huge'\]"):
        routed(url, "small", huge=elsewhere)


def test_a_fault_of_ours_fails_no_call(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = routed(url, "small", "large")

    def broken(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(client.guard.router, "select", broken)
    answer = client.chat.completions.create(model="messplus", messages=CHAT)
    assert answer.model == "small"
    assert client.guard.errors == {"select": 1}


def test_the_asynchronous_client_does_the_same(url: str) -> None:
    models = [Model("down", PRICE), Model("large", PRICE)]

    async def run() -> RoutedAsyncOpenAI:
        async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
            routed = RoutedAsyncOpenAI(make_router(models=models), client)
            answer = await routed.chat.completions.create(model="messplus", messages=CHAT)
            assert len(answer.decision_id) == 32
            async with await routed.chat.completions.create(
                model="messplus", messages=CHAT, stream=True
            ) as stream:
                assert len([chunk async for chunk in stream]) == 6
            return routed

    routed = asyncio.run(run())
    assert reported(routed.guard.router, "large").costed == 2
    assert not routed.guard.errors

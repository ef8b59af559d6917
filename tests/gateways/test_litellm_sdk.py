"""The LiteLLM callback in the SDK: one decision per request, credit to the model that served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from messplus import ConfigError
from messplus.integrations.guard import Guard
from tests.zoo import make_router

litellm = pytest.importorskip("litellm", reason="litellm is not installed: see make gateways")

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from messplus import Model, Router
    from messplus.integrations.litellm import Handler

pytestmark = pytest.mark.filterwarnings("ignore")
# LiteLLM's worker that logs belongs to the loop it first sees.
LOOP = asyncio.new_event_loop()
CHAT = [{"role": "user", "content": "What is the capital of France?"}]


def deployment(url: str, group: str, model: str, **info: Any) -> dict[str, Any]:
    prices = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    parameters = {"model": f"openai/{model}", "api_base": url, "api_key": "secret", **prices}
    return {"model_name": group, "litellm_params": parameters, "model_info": info}


def zoo(*names: str) -> list[Model]:
    from messplus import Model

    return [Model(f"openai/{name}", cost=1.0 + index) for index, name in enumerate(names)]


class Bench:
    """A LiteLLM router with the callback, over a zoo in which the first model is the cheapest."""

    def __init__(self, url: str, names: Sequence[str], **settings: Any) -> None:
        from messplus.integrations.litellm import Handler

        self.router = make_router(models=zoo(*names), cooldown=0)
        self.handler: Handler = Handler(self.router, ["smart"])
        groups = [deployment(url, "smart", name) for name in names]
        groups.append(deployment(url, "other", "elsewhere"))
        self.litellm = litellm.Router(groups, retry_after=0, **settings)
        litellm.callbacks.append(self.handler)

    async def settle(self) -> None:
        """Wait until LiteLLM's logging worker has told what became of everything."""
        for _ in range(50):
            await asyncio.sleep(0.02)
            if self.costed() == self.router.report().decisions:
                break

    def costed(self) -> int:
        return sum(model.costed for model in self.router.report().models.values())


@pytest.fixture(autouse=True)
def callbacks() -> Iterator[None]:
    yield
    litellm.logging_callback_manager._reset_all_callbacks()
    litellm.cache = None


def reported(router: Router, name: str) -> Any:
    return router.report().models[f"openai/{name}"]


def test_a_request_is_one_decision_and_its_model_gets_the_bill(url: str) -> None:
    bench = Bench(url, ["small", "large"])

    async def run() -> None:
        for stream in (False, True):
            answer = await bench.litellm.acompletion("smart", CHAT, stream=stream)
            if stream:
                assert len([chunk async for chunk in answer]) > 3
        await bench.settle()

    LOOP.run_until_complete(run())
    small = reported(bench.router, "small")
    assert (small.selected, small.costed, small.timed) == (2, 2, 2)
    assert small.cost == pytest.approx(2 * (20e-6 + 5 * 2e-6))
    assert not bench.handler.guard.errors


def test_a_retry_goes_on_with_the_decision_and_credits_what_served(url: str) -> None:
    bench = Bench(url, ["down", "large"], num_retries=2)

    async def run() -> None:
        answer = await bench.litellm.acompletion("smart", CHAT)
        assert answer.choices[0].message.content.startswith("Paris")
        await bench.settle()

    LOOP.run_until_complete(run())
    assert bench.router.report().decisions == 1
    assert reported(bench.router, "down").selected == 1
    assert reported(bench.router, "down").failed == 1
    assert reported(bench.router, "large").costed == 1


def test_a_rating_by_id_goes_to_the_model_that_stood_in(url: str) -> None:
    bench = Bench(url, ["down", "large"], num_retries=2)
    metadata: dict[str, Any] = {}

    async def run() -> None:
        await bench.litellm.acompletion("smart", CHAT, metadata=metadata)
        await bench.settle()

    LOOP.run_until_complete(run())
    bench.handler.guard.rate(str(metadata["messplus"]), satisfied=True)
    assert reported(bench.router, "large").rated == 1
    assert reported(bench.router, "down").rated == 0


def test_a_fallback_group_goes_on_with_the_decision(url: str) -> None:
    bench = Bench(url, ["down"], num_retries=0, fallbacks=[{"smart": ["backup"]}])
    bench.litellm.add_deployment(
        litellm.types.router.Deployment(**deployment(url, "backup", "large"))
    )
    from messplus import Model

    bench.router.add_model(Model("openai/large", cost=5.0))
    LOOP.run_until_complete(fall_back(bench))
    assert bench.router.report().decisions == 1
    assert reported(bench.router, "large").costed == 1


async def fall_back(bench: Bench) -> None:
    await bench.litellm.acompletion("smart", CHAT)
    await bench.settle()


def test_metadata_shared_between_requests_is_not_a_retry(url: str) -> None:
    bench = Bench(url, ["small", "large"])
    shared: dict[str, Any] = {"team": "a"}

    async def run() -> None:
        for _ in range(3):
            await bench.litellm.acompletion("smart", CHAT, metadata=shared)
            await bench.settle()

    LOOP.run_until_complete(run())
    assert bench.router.report().decisions == 3
    assert bench.costed() == 3


@pytest.mark.parametrize("forged", ["0" * 32, {"decision_id": "0" * 32}, None, 7])
def test_forged_metadata_has_no_effect(url: str, forged: object) -> None:
    bench = Bench(url, ["small", "large"])

    async def run() -> None:
        await bench.litellm.acompletion("smart", CHAT, metadata={"messplus": forged})
        await bench.settle()

    LOOP.run_until_complete(run())
    assert bench.router.report().decisions == 1
    assert bench.costed() == 1


def test_what_a_cache_answers_teaches_no_cost(url: str) -> None:
    bench = Bench(url, ["small", "large"], cache_responses=True)
    litellm.cache = litellm.Cache(type="local")

    async def run() -> None:
        for _ in range(2):
            await bench.litellm.acompletion("smart", CHAT, caching=True)
            await bench.settle()

    LOOP.run_until_complete(run())
    assert bench.router.report().decisions == 2
    assert bench.costed() == 1


def test_other_groups_and_embeddings_are_left_alone(url: str) -> None:
    bench = Bench(url, ["small", "large"])

    async def run() -> None:
        await bench.litellm.acompletion("other", CHAT)
        await bench.litellm.aembedding("smart", input=["text"])

    LOOP.run_until_complete(run())
    assert bench.router.report().decisions == 0
    assert not bench.handler.guard.errors


def test_the_responses_api_is_routed_by_its_text(url: str) -> None:
    bench = Bench(url, ["small", "large"])

    async def run() -> None:
        await bench.litellm.aresponses(model="smart", input="What is 2 + 2?")
        await bench.settle()

    LOOP.run_until_complete(run())
    assert bench.router.report().decisions == 1
    assert reported(bench.router, "small").costed == 1


def test_an_error_of_ours_fails_no_request(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(url, ["small", "large"])

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret prompt")

    for name in ("select", "aselect", "feedback"):
        monkeypatch.setattr(bench.router, name, broken)

    async def run() -> None:
        answer = await bench.litellm.acompletion("smart", CHAT)
        assert answer.choices[0].message.content.startswith("Paris")

    LOOP.run_until_complete(run())
    assert bench.handler.guard.errors["select"] == 1


@pytest.mark.parametrize("stream", [False, True])
def test_synchronous_calls_are_routed_once_attached(url: str, stream: bool) -> None:
    bench = Bench(url, ["down", "large"], num_retries=2)
    with pytest.raises(ConfigError, match="'openai/down', 'openai/large'"):
        bench_without(url).attach(bench.litellm)
    bench.handler.attach(bench.litellm)
    answer = bench.litellm.completion("smart", CHAT, stream=stream)
    if stream:
        assert len(list(answer)) > 3
    LOOP.run_until_complete(bench.settle())
    assert bench.router.report().decisions == 1
    assert reported(bench.router, "down").failed == 1
    assert reported(bench.router, "large").costed == 1
    assert not bench.handler.guard.errors


def bench_without(url: str) -> Handler:
    """A callback whose zoo LiteLLM does not have."""
    del url
    from messplus.integrations.litellm import Handler

    return Handler(make_router(models=zoo("missing")), ["smart"])


def test_guard_counts_a_model_that_left_the_zoo() -> None:
    router = make_router()
    guard = Guard(router)
    decision = guard.select(prompt="x")
    assert decision is not None
    guard.served(decision, "unheard of", cost=1.0)
    assert guard.errors == {"served": 1}


def test_a_conversation_is_that_of_litellm_s_session(url: str) -> None:
    bench = Bench(url, ["small", "large"])

    async def run() -> None:
        await bench.litellm.acompletion("smart", CHAT, litellm_session_id="chat 17")
        await bench.litellm.acompletion("smart", CHAT, metadata={"session_id": "chat 18"})
        await bench.litellm.acompletion("smart", CHAT)
        await bench.settle()

    LOOP.run_until_complete(run())
    assert list(bench.router.caches._prompts) == [":chat 17", ":chat 18"]
    assert not bench.handler.guard.errors

"""LangChain's agents and chains over a fake provider."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from messplus import ConfigError, Model, TokenPrice
from tests.zoo import make_router

pytest.importorskip("langchain", reason="langchain is not installed: see make gateways")
openai = pytest.importorskip(
    "langchain_openai", reason="langchain_openai is not installed: see make gateways"
)

from langchain.agents import create_agent
from langchain_core.prompts import ChatPromptTemplate

from messplus.integrations.langchain import DECISION_ID, MessPlusMiddleware, RoutedChatModel

if TYPE_CHECKING:
    from messplus import Router

pytestmark = pytest.mark.filterwarnings("ignore")
# LangChain shares asynchronous connections between models, and they belong to their loop.
LOOP = asyncio.new_event_loop()
PRICE = TokenPrice(input=1.0, output=2.0, output_tokens=10)


def chat(url: str, *names: str) -> tuple[Router, dict[str, Any]]:
    models = {
        name: openai.ChatOpenAI(
            model=name, base_url=url, api_key="secret", max_retries=0, stream_usage=True
        )
        for name in names
    }
    return make_router(models=[Model(name, PRICE) for name in names]), models


def reported(router: Router, name: str) -> Any:
    return router.report().models[name]


def test_an_agent_s_calls_are_routed(url: str) -> None:
    router, models = chat(url, "down", "large")
    middleware = MessPlusMiddleware(router, models)
    agent = create_agent(models["down"], tools=[], middleware=[middleware])
    question = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}
    message = agent.invoke(question)["messages"][-1]
    assert message.content.startswith("Paris")
    middleware.guard.rate(message.response_metadata[DECISION_ID], satisfied=True)
    large = reported(router, "large")
    assert (large.rated, large.costed, large.timed) == (1, 1, 1)
    assert large.cost == pytest.approx(30 / 1e6)
    assert reported(router, "down").failed == 1
    LOOP.run_until_complete(agent.ainvoke(question))
    assert reported(router, "large").costed == 2
    assert not middleware.guard.errors


def test_a_chain_s_calls_are_routed(url: str) -> None:
    router, models = chat(url, "down", "large")
    model = RoutedChatModel(router, models)
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model
    message = chain.invoke({"question": "What is the capital of France?"})
    assert len(message.response_metadata[DECISION_ID]) == 32
    chunks = list(model.stream("What is 2 + 2?"))
    assert len(chunks[0].response_metadata[DECISION_ID]) == 32
    assert "".join(chunk.content for chunk in chunks).startswith("Paris")

    async def run() -> None:
        await model.ainvoke("What is 2 + 2?")
        assert [chunk async for chunk in model.astream("What is 2 + 2?")]

    LOOP.run_until_complete(run())
    assert reported(router, "large").costed == 4
    assert not model.guard.errors


def test_tools_are_bound_to_every_model(url: str) -> None:
    router, models = chat(url, "small", "large")
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    message = RoutedChatModel(router, models).bind_tools([tool]).invoke("x")
    assert message.content
    assert router.report().decisions == 1


def test_each_model_of_the_zoo_needs_a_chat_model(url: str) -> None:
    router, models = chat(url, "small", "large")
    del models["large"]
    with pytest.raises(ConfigError, match=r"for each of \['large', 'small'\], got \['small'\]"):
        RoutedChatModel(router, models)


def test_a_conversation_is_a_thread(url: str) -> None:
    router, models = chat(url, "small", "large")
    middleware = MessPlusMiddleware(router, models)
    agent = create_agent(models["small"], tools=[], middleware=[middleware])
    question = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}
    agent.invoke(question, {"configurable": {"thread_id": "an agent's"}})
    config = {"configurable": {"thread_id": 7}}
    RoutedChatModel(router, models).invoke("What is 2 + 2?", config)
    RoutedChatModel(router, models).invoke("What is 2 + 2?")
    assert list(router.caches._prompts) == ["an agent's", "7"]
    assert not middleware.guard.errors

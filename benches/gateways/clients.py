"""LangChain and the client wrapper: what routing adds to a call."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import openai
from langchain_openai import ChatOpenAI
from load import chat, run

from messplus import SLA, Model, Router, TokenPrice
from messplus.integrations.langchain import RoutedChatModel
from messplus.integrations.openai import RoutedAsyncOpenAI

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MODELS = ("small", "medium", "large")


def measure(url: str, n: int, at_once: int) -> dict[str, Any]:
    """Both, beside the same calls of a fixed model."""
    return asyncio.run(_measure(url, n, at_once))


async def _measure(url: str, n: int, at_once: int) -> dict[str, Any]:
    limit = openai.DefaultAsyncHttpxClient(limits=openai.DEFAULT_CONNECTION_LIMITS)
    async with openai.AsyncOpenAI(
        base_url=url, api_key="none", max_retries=0, http_client=limit
    ) as plain:
        routed = RoutedAsyncOpenAI(_router(), plain)

        async def ours(index: int) -> None:
            await _drain(
                await routed.chat.completions.create(
                    model="messplus", messages=chat(index), stream=index % 2 == 1
                )
            )

        async def theirs(index: int) -> None:
            await _drain(
                await plain.with_options(max_retries=4).chat.completions.create(
                    model="small",
                    messages=chat(index),  # type: ignore[arg-type]
                    stream=index % 2 == 1,
                )
            )

        found = {"openai": await _compare(routed.guard.router, n, at_once, ours, theirs)}
        found["openai"]["adapter_errors"] = sum(routed.guard.errors.values())
    models = {
        name: ChatOpenAI(model=name, base_url=url, api_key="none", max_retries=0, stream_usage=True)
        for name in MODELS
    }
    patient = ChatOpenAI(model="small", base_url=url, api_key="none", max_retries=4)
    chain = RoutedChatModel(_router(), models)
    ask = partial(_ask, chain), partial(_ask, patient)
    found["langchain"] = await _compare(chain.guard.router, n, at_once, *ask)
    found["langchain"]["adapter_errors"] = sum(chain.guard.errors.values())
    return found


def _router() -> Router:
    prices = {name: TokenPrice(3.0**i, 6.0**i, 10) for i, name in enumerate(MODELS)}
    return Router([Model(*listed) for listed in prices.items()], SLA(0.8), cooldown=0)


async def _ask(model: Any, index: int) -> None:
    if index % 2:
        await _drain(model.astream(chat(index)))
    else:
        await model.ainvoke(chat(index))


async def _drain(answer: Any) -> None:
    if hasattr(answer, "__aiter__"):
        async for _ in answer:
            pass


async def _compare(
    router: Router,
    n: int,
    at_once: int,
    ours: Callable[[int], Awaitable[None]],
    theirs: Callable[[int], Awaitable[None]],
) -> dict[str, Any]:
    await run(20, 4, ours)
    await run(20, 4, theirs)
    many = await run(n, at_once, ours)
    alone = [await run(max(n // 5, 50), 1, request) for request in (theirs, ours)]
    report = router.report()
    costed = sum(model.costed for model in report.models.values())
    return {
        "requests": 20 + n + max(n // 5, 50),
        "decisions": report.decisions,
        "credited": round(costed / report.decisions, 4),
        "provider_failures": sum(model.failed for model in report.models.values()),
        "p50_ms": round(many.percentile(50), 2),
        "p99_ms": round(many.percentile(99), 2),
        "alone_p50_ms": round(alone[1].percentile(50), 2),
        "alone_peer_p50_ms": round(alone[0].percentile(50), 2),
    }

"""LiteLLM's SDK: our callback beside its own strategies, in one process and one run."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from time import perf_counter
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from load import Times, chat, run

from messplus import SLA, Model, Router
from messplus.integrations.litellm.callback import Handler

MODELS = ("small", "medium", "large")
ROUNDS = 4
STRATEGIES = ("messplus", "simple-shuffle", "adaptive")


def deployment(url: str, group: str, model: str) -> dict[str, Any]:
    place = MODELS.index(model)
    return {
        "model_name": group,
        "litellm_params": {
            "model": f"openai/{model}",
            "api_base": url,
            "api_key": "none",
            "input_cost_per_token": 1e-6 * 3**place,
            "output_cost_per_token": 2e-6 * 3**place,
        },
        "model_info": {
            "adaptive_router_preferences": {"quality_tier": place + 1, "strengths": []},
            "input_cost_per_token": 1e-6 * 3**place,
        },
    }


def make(strategy: str, url: str) -> litellm.Router:
    """A LiteLLM router with one of the strategies."""
    groups = MODELS if strategy == "adaptive" else ("smart",) * len(MODELS)
    deployments = [deployment(url, group, name) for group, name in zip(groups, MODELS, strict=True)]
    deployments += [deployment(url, "backup", name) for name in MODELS]
    if strategy == "adaptive":
        parameters = {
            "model": "auto_router/adaptive_router",
            "adaptive_router_default_model": MODELS[-1],
            "adaptive_router_config": {
                "available_models": list(MODELS),
                "weights": {"quality": 0.7, "cost": 0.3},
            },
        }
        deployments.append({"model_name": "smart", "litellm_params": parameters})
    return litellm.Router(
        deployments, num_retries=2, retry_after=0, fallbacks=[{"smart": ["backup"]}]
    )


def measure(url: str, n: int, at_once: int) -> dict[str, Any]:
    """Every strategy with many requests at once, then with one at a time."""
    return asyncio.run(_measure(url, n, at_once))


async def ask(target: litellm.Router, index: int) -> None:
    """One request, every other a stream, with metadata that claims to be ours."""
    metadata = {"messplus": "0" * 32, "team": "a"}
    stream = index % 2 == 1
    answer = await target.acompletion("smart", chat(index), stream=stream, metadata=metadata)
    if stream:
        async for _ in answer:
            pass


async def _measure(url: str, n: int, at_once: int) -> dict[str, Any]:
    router = Router(
        [Model(f"openai/{name}", cost=1e-5 * 3**place) for place, name in enumerate(MODELS)],
        SLA(0.8),
        cooldown=0,
    )
    handler = Handler(router, ["smart"])
    in_hook: list[float] = []
    _time(handler, in_hook)
    routers = {strategy: make(strategy, url) for strategy in STRATEGIES}
    many, alone = ({strategy: Times([], 0.0) for strategy in STRATEGIES} for _ in range(2))
    for turn in range(ROUNDS + 1):
        for strategy in STRATEGIES:
            litellm.logging_callback_manager._reset_all_callbacks()
            if strategy == "messplus":
                litellm.callbacks.append(handler)
            request = partial(ask, routers[strategy])
            if turn == 0:  # connections and caches
                await run(20, 4, request)
            else:
                many[strategy] += await run(n // ROUNDS, at_once, request)
                alone[strategy] += await run(max(n // 20, 10), 1, request)
            await _settle(router)
    report = router.report()
    asked = 20 + len(many["messplus"].each) + len(alone["messplus"].each)
    figures = {
        f"{prefix}{name}p50_ms": round(times[strategy].percentile(50), 2)
        for prefix, times in (("", many), ("alone_", alone))
        for name, strategy in zip(("", "peer_", "adaptive_"), STRATEGIES, strict=True)
    }
    return {
        "requests": asked,
        "decisions": report.decisions,
        "credited": round(_costed(router) / report.decisions, 4),
        "provider_failures": sum(model.failed for model in report.models.values()),
        "adapter_errors": sum(handler.guard.errors.values()),
        "p99_ms": round(many["messplus"].percentile(99), 2),
        **figures,
        "hook_p50_ms": round(Times(in_hook, 1).percentile(50), 3),
        "hook_p99_ms": round(Times(in_hook, 1).percentile(99), 3),
    }


async def _settle(router: Router) -> None:
    """Wait until LiteLLM's background worker has told what became of everything."""
    for _ in range(200):
        if _costed(router) == router.report().decisions:
            break
        await asyncio.sleep(0.02)


def _time(handler: Handler, into: list[float]) -> None:
    """Measure the hook itself: what routing adds to a request."""
    hook = handler.async_filter_deployments

    async def timed(*args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        kept = await hook(*args, **kwargs)
        into.append(perf_counter() - start)
        return kept

    handler.async_filter_deployments = timed  # type: ignore[method-assign]


def _costed(router: Router) -> int:
    return sum(model.costed for model in router.report().models.values())

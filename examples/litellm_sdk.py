"""LiteLLM's SDK: a model group whose deployments the router narrows, with LiteLLM's retries."""

import asyncio

import litellm

from messplus import SLA, Model, Router
from messplus.integrations.litellm import Handler

MODELS = ("openai/gpt-5-nano", "openai/gpt-5")

router = Router(
    # LiteLLM tells what calls cost, and has cooldowns of its own.
    models=[Model(MODELS[0], cost=0.0002), Model(MODELS[1], cost=0.004)],
    sla=SLA(target=0.85),
)
handler = Handler(router, groups=["smart"])
litellm.callbacks.append(handler)


async def main() -> None:
    """Ask once, and rate the answer."""
    gateway = litellm.Router(
        [{"model_name": "smart", "litellm_params": {"model": name}} for name in MODELS],
        num_retries=2,
    )
    handler.attach(gateway)  # synchronous calls, and a check that the zoo exists
    metadata: dict[str, str] = {}
    answer = await gateway.acompletion(
        "smart",
        [{"role": "user", "content": "What is the capital of France?"}],
        metadata=metadata,
    )
    print(answer.model, "says:", answer.choices[0].message.content)
    handler.guard.rate(metadata["messplus"], satisfied=True)
    print(f"{router.report().decisions} decision, {router.report().rated} rating")


asyncio.run(main())

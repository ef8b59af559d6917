"""What featurizers cost and how exact they are; ``make featurizers`` prints it.

The encoder is all-MiniLM-L6-v2, built from its package. The last line is JSON.
"""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from build_encoder_folder import minilm
from minilm_source import model_folder, read_weights
from reference_encoder import Encoder as ReferenceEncoder

from messplus import SLA, Model, Router
from messplus.featurizers import OnnxFeaturizer, StaticFeaturizer

if TYPE_CHECKING:
    from collections.abc import Callable

    Measured = StaticFeaturizer | OnnxFeaturizer

OUT = Path("out")
TOKENS = (16, 64, 256)
SECONDS = 2.0  # spent on each latency
MODELS = [Model("small", cost=1.0), Model("large", cost=5.0)]
TEXT = (
    "what is the capital of a country where people speak two languages and trade with the sea "
    "while the river that divides it in winter is frozen for a month"
)
WORDS = TEXT.split()
PROMPTS = [" ".join(WORDS[start : start + length]) for start in (0, 5) for length in (3, 9, 20)]


def prompt_of(tokens: int) -> str:
    """Every word is one token in this vocabulary."""
    return " ".join(WORDS[i % len(WORDS)] for i in range(tokens))


def folders() -> dict[str, Path]:
    """Build the encoder with and without pooling in the graph, and quantised."""
    source = model_folder(OUT / "minilm")
    built = {name: OUT / "encoders" / name for name in ("minilm", "minilm-pooled")}
    for name, folder in built.items():
        if not (folder / "onnx" / "model.onnx").exists():
            minilm(source, folder, pooled=name.endswith("pooled"), int8=name == "minilm")
    return built


def agreement(built: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Largest differences from the source weights in float64, over the embeddings of PROMPTS."""
    reference = ReferenceEncoder(read_weights(model_folder(OUT / "minilm") / "model.safetensors"))
    found: dict[str, dict[str, float]] = {}
    for name, folder in built.items():
        encoder = OnnxFeaturizer.from_folder(folder).encoder
        ids = [encoder.tokenizer.encode([prompt])[0] for prompt in PROMPTS]
        expected = np.concatenate([reference.encode(row) for row in ids])
        alone = np.concatenate([encoder.embed([prompt])[0] for prompt in PROMPTS])
        found[name] = {
            "batch_1": float(np.abs(alone - expected).max()),
            "padded_batch": float(np.abs(encoder.embed(PROMPTS)[0] - expected).max()),
        }
    return found


def quantiles_us(call: Callable[[], object]) -> tuple[float, float]:
    """Median and 99th percentile of one call in microseconds."""
    call()
    times: list[int] = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 20:
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    p50, p99 = np.percentile(times, (50, 99)) / 1e3
    return float(p50), float(p99)


def latency(featurizers: dict[str, Measured]) -> dict[str, dict[str, dict[str, float]]]:
    """Whole ``select(prompt)`` calls, and tokenization alone."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, featurizer in featurizers.items():
        router = Router(MODELS, SLA(0.8), featurizer=featurizer)
        found[name] = {}
        for tokens in TOKENS:
            prompt = prompt_of(tokens)
            p50, p99 = quantiles_us(partial(router.select, prompt))
            share = quantiles_us(tokenization(featurizer, prompt))[0] / p50
            found[name][str(tokens)] = {"p50": p50, "p99": p99, "tokenization_share": share}
    return found


def tokenization(featurizer: Measured, prompt: str) -> Callable[[], object]:
    """Return the tokenization step of a featurizer as a call."""
    if isinstance(featurizer, OnnxFeaturizer):
        return partial(featurizer.encoder.tokenizer.encode, [prompt])
    return partial(featurizer.table.tokenize, prompt)


def stalls_ms(featurizer: OnnxFeaturizer) -> dict[str, dict[str, float]]:
    """How late a 1 ms timer fires while prompts of 64 tokens are routed on the same loop."""
    found = {}
    for how in ("select", "aselect"):
        router = Router(MODELS, SLA(0.8), featurizer=featurizer)
        late = asyncio.run(lateness(router, inline=how == "select"))
        p50, p99 = np.percentile(late, (50, 99))
        found[how] = {"p50": float(p50), "p99": float(p99)}
    return found


async def lateness(router: Router, *, inline: bool) -> list[float]:
    """Milliseconds between the time a timer was due and the time it fired."""
    prompt, late, end = prompt_of(64), [], time.perf_counter() + 2 * SECONDS

    async def route() -> None:
        while time.perf_counter() < end:
            if inline:
                router.select(prompt)
                await asyncio.sleep(0)
            else:
                await router.aselect(prompt, deadline=10.0)

    task = asyncio.create_task(route())
    while time.perf_counter() < end:
        start = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - start - 0.001) * 1e3)
    await task
    return late


def main() -> None:
    """Measure and print."""
    built = folders()
    quantised = "onnx/model_quantized.onnx"
    encoder = OnnxFeaturizer.from_folder(built["minilm"])
    exactness = agreement(built)
    times_us = latency(
        {
            "embedded table": StaticFeaturizer(),
            "MiniLM fp32": encoder,
            "MiniLM int8": OnnxFeaturizer.from_folder(built["minilm"], file=quantised),
        }
    )
    stalls = stalls_ms(encoder)
    print("Largest difference from the source weights (float64 reference)")
    print(f"{'graph':<16}{'batch 1':>12}{'padded':>12}")
    for name, row in exactness.items():
        print(f"{name:<16}{row['batch_1']:>12.1e}{row['padded_batch']:>12.1e}")
    print("\nselect(prompt), microseconds, one core")
    print(f"{'featurizer':<16}{'tokens':>8}{'p50':>10}{'p99':>10}{'tokenization':>14}")
    for name, rows in times_us.items():
        for tokens, times in rows.items():
            share = f"{times['tokenization_share']:.1%}"
            print(f"{name:<16}{tokens:>8}{times['p50']:>10.0f}{times['p99']:>10.0f}{share:>14}")
    print("\nLateness of a 1 ms timer while MiniLM fp32 runs at 64 tokens, milliseconds")
    print(f"{'call':<16}{'p50':>12}{'p99':>12}")
    for how, times in stalls.items():
        print(f"{how:<16}{times['p50']:>12.2f}{times['p99']:>12.2f}")
    print(json.dumps({"agreement": exactness, "select_us": times_us, "stall_ms": stalls}))


if __name__ == "__main__":
    main()

"""A simulated stream of conversations whose providers keep prompt caches.

``python -m tests.conversations`` prints what routing costs with and without knowing of them.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

import numpy as np

from messplus import SLA, Model, Router, TokenPrice
from messplus.featurizers import VectorFeaturizer

TARGET, TTL = 0.85, 300.0
TURNS, SYSTEM, TURN, ANSWER = 8, 3000, 1200, 200
MODELS = [
    Model("small", TokenPrice(0.4, 1.6, ANSWER, cached_input=0.1)),
    Model("large", TokenPrice(3.0, 15.0, ANSWER, cached_input=0.3)),
]
#: What a switch is said to cost beside the call, in parts of the call; and whether bills are told.
WAYS = {
    "blind to caches": (0.0, False),
    "switching_cost 0.5": (0.5, False),
    "switching_cost 2": (2.0, False),
    "learned from usage": (0.0, True),
}


@dataclass
class Outcome:
    """Means per request."""

    cost: float
    satisfaction: float
    cached: float
    switches: float


def simulate(way: str, n: int, seed: int = 0) -> Outcome:
    """Route ``n`` turns of interleaved conversations; users take their time."""
    draw = random.Random(seed)
    constant, tells = WAYS[way]
    now = 0.0
    router = Router(
        MODELS,
        SLA(TARGET),
        featurizer=VectorFeaturizer(2, identity="difficulty"),
        seed=seed,
        switching_cost=constant,
    )
    router.caches.clock = lambda: now
    caches: dict[tuple[str, str], tuple[int, float]] = {}
    cost = satisfaction = cached_tokens = switches = prompt_tokens = 0.0
    last: dict[str, str] = {}
    active = [(f"c{index}", 0) for index in range(20)]
    for step in range(n):
        now += draw.expovariate(1 / 6.0)
        place = draw.randrange(len(active))
        key, turn = active[place]
        tokens = SYSTEM + TURN * (turn + 1)
        difficulty = draw.random()
        decision = router.select(
            features=np.array([difficulty, 1.0], np.float32), session=key, input_tokens=tokens
        )
        model = decision.model
        before, at = caches.get((key, model), (0, -1e9))
        cached = before // 128 * 128 if now - at < TTL else 0
        caches[key, model] = (tokens, now)
        written = max(20, round(draw.gauss(ANSWER, 40)))
        satisfied = draw.random() < (0.95 if model == "large" or difficulty < 0.5 else 0.4)
        bill = next(entry for entry in MODELS if entry.name == model).cost
        assert isinstance(bill, TokenPrice)
        price = bill.cost(tokens, written, cached)
        details = {"cached_tokens": cached}
        usage = {"prompt_tokens": tokens, "completion_tokens": written}
        told = {**usage, "prompt_tokens_details": details} if tells else None
        router.feedback(decision, satisfied, cost=price, usage=told)
        cost, satisfaction = cost + price, satisfaction + satisfied
        cached_tokens, prompt_tokens = cached_tokens + cached, prompt_tokens + tokens
        switches += last.get(key, model) != model
        last[key] = model
        active[place] = (key, turn + 1) if turn + 1 < TURNS else (f"d{step}", 0)
    return Outcome(cost / n, satisfaction / n, cached_tokens / prompt_tokens, switches / n)


def main() -> None:
    n, seeds = 10_000, 3
    costs = {}
    for way in WAYS:
        found = [simulate(way, n, seed) for seed in range(seeds)]
        mean = {
            name: sum(getattr(one, name) for one in found) / seeds
            for name in ("cost", "satisfaction", "cached", "switches")
        }
        costs[way] = round(1000 * mean["cost"], 3)
        print(
            f"{way:<22}{1000 * mean['cost']:>8.3f} per 1,000{100 * mean['satisfaction']:>7.1f} % "
            f"satisfied{100 * mean['cached']:>7.1f} % cached{100 * mean['switches']:>7.1f} % switch"
        )
    print(json.dumps({"prompt_caches": costs}))


if __name__ == "__main__":
    main()

"""Feedback as the field gives it: failures, silence, biased thumbs, judges, audits, poison.

``make field`` prints tables and one line of JSON. Time is simulated, nothing sleeps; the truth is
known because the requests are made up.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import mean
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt

from messplus import SLA, Decision, Model, Router
from messplus._core import SURFACE_FEATURES
from messplus.featurizers import FunctionFeaturizer

if TYPE_CHECKING:
    from messplus.config import Settings
else:
    Settings = dict

NAMES = ("tiny", "small", "medium", "large")
COSTS = np.array([0.1, 0.4, 1.0, 4.0])
ODDS = np.array([0.2, 0.9, 1.5, 2.6])
TARGET, K = 0.85, 8

Chance = np.random.Generator
Floats = npt.NDArray[np.float64]


@dataclass
class World:
    """Requests with known probabilities of satisfaction, and how satisfied each user would be."""

    x: npt.NDArray[np.float32]
    p: Floats
    satisfied: npt.NDArray[np.bool_]

    @classmethod
    def made(cls, n: int, seed: int) -> World:
        chance = np.random.default_rng(seed)
        x = chance.normal(size=(n, K)) / np.sqrt(K)
        # Prompts tell about as much as those of the outcome tables do: an AUC near 0.7.
        shared, own = chance.normal(size=K) * 0.6, chance.normal(size=(K, len(NAMES))) * 0.35
        p = 1 / (1 + np.exp(-(ODDS + (x @ shared)[:, None] + x @ own)))
        uniform = chance.random((n, 1))
        # Ready features begin with the prompt's surface, which these requests lack.
        features = np.pad(x, ((0, 0), (SURFACE_FEATURES, 0)))
        return cls(features.astype(np.float32), p, uniform < p)

    def optimum(self) -> float:
        """Mean cost of the cheapest policy that knows every probability and meets the target."""
        low, high = 0.0, 1e3
        for _ in range(60):
            dual = (low + high) / 2
            choice = (COSTS - dual * self.p).argmin(axis=1)
            met = self.p[np.arange(len(choice)), choice].mean() >= TARGET
            low, high = (low, dual) if met else (dual, high)
        choice = (COSTS - high * self.p).argmin(axis=1)
        return float(COSTS[choice].mean())


def router(source: str | None = None, **settings: Unpack[Settings]) -> Router:
    models = [Model(name, cost=float(cost)) for name, cost in zip(NAMES, COSTS, strict=True)]
    blank = FunctionFeaturizer(lambda _text: np.zeros(K, np.float32), "field")
    settings["tag_features"] = 0
    return Router(models, SLA(TARGET, source=source), featurizer=blank, **settings)


# How each regime rates: the router, the decision, whether the user was satisfied, chance.
Rater = Callable[[Router, Decision, bool, Chance], None]


def volunteers(of_unsatisfied: float, of_satisfied: float) -> Rater:
    def rate(router: Router, decision: Decision, satisfied: bool, chance: Chance) -> None:
        share = of_satisfied if satisfied else of_unsatisfied
        if decision.audit or chance.random() < share:
            router.feedback(decision, satisfied=satisfied)

    return rate


def judge(router: Router, decision: Decision, satisfied: bool, chance: Chance) -> None:
    """A judge that agrees less with dearer models' users, beside thumbs on 2 %."""
    agreement = (0.95, 0.9, 0.8, 0.7)[NAMES.index(decision.model)]
    if chance.random() < 0.2:
        verdict = satisfied if chance.random() < agreement else not satisfied
        router.feedback(decision, satisfied=verdict, source="judge")
    if decision.audit or chance.random() < 0.02:
        router.feedback(decision, satisfied=satisfied, source="user")


def flipped(share: float) -> Rater:
    def rate(router: Router, decision: Decision, satisfied: bool, chance: Chance) -> None:
        wrong = not decision.audit and chance.random() < share
        router.feedback(decision, satisfied=satisfied != wrong)

    return rate


#: Audits: none, constant shares, and about as many as 5 % of 20,000, most of them early.
AUDITS: dict[str, Settings] = {
    "0": {},
    "1 %": {"audit": 0.01},
    "2 %": {"audit": 0.02},
    "5 %": {"audit": 0.05},
    "early": {"audit": 0.01, "audit_first": 12.0},
}

REGIMES: dict[str, Rater] = {
    "all rated": volunteers(1.0, 1.0),
    "none rated": volunteers(0.0, 0.0),
    "thumbs up": volunteers(0.02, 0.10),
    "thumbs down": volunteers(0.10, 0.02),
    "5 % unbiased": volunteers(0.05, 0.05),
    "judge 20 %, thumbs 2 %": judge,
}


@dataclass
class Outcome:
    satisfaction: float
    cost: float
    interval: tuple[float, float] | None
    status: str
    audited: float

    @property
    def covers(self) -> bool:
        return self.interval is None or self.interval[0] <= self.satisfaction <= self.interval[1]


def stream(rate: Rater, n: int, seed: int, audit: str) -> Outcome:
    world, chance = World.made(n, seed), np.random.default_rng(10_000 + seed)
    settings: Settings = {"seed": seed, **AUDITS[audit]}
    live = router("user", **settings)
    satisfied = cost = audited = 0.0
    for t in range(n):
        decision = live.select(features=world.x[t])
        model = NAMES.index(decision.model)
        live.feedback(decision, cost=COSTS[model] * chance.uniform(0.8, 1.2))
        rate(live, decision, bool(world.satisfied[t, model]), chance)
        satisfied += float(world.satisfied[t, model])
        cost += float(COSTS[model])
        audited += decision.audit
    level = live.report().slas["default"]
    interval = level.interval if level.audit is None else level.audit.interval
    spent = cost / n / world.optimum()
    return Outcome(satisfied / n, spent, interval, level.status, audited / n)


def of_regime(name: str, n: int, audit: str, seed: int) -> Outcome:
    return stream(REGIMES[name], n, seed, audit)


def of_poison(share: float, n: int, audit: str, seed: int) -> Outcome:
    return stream(flipped(share), n, seed, audit)


def regimes(n: int, seeds: int, coverage_seeds: int) -> list[dict[str, Any]]:
    """True satisfaction, interval and cost; most streams where figures are claimed for."""
    rows: list[dict[str, Any]] = []
    print(
        f"{'regime':<24}{'audit':>6}{'share':>7}{'true':>8}{'interval':>16}{'cost/opt':>10}"
        "  beside  covers   status"
    )
    for name in REGIMES:
        for audit in ("0",) if name == "all rated" else AUDITS:
            most = name == "all rated" or audit in ("5 %", "early")
            count = coverage_seeds if most else seeds
            with ProcessPoolExecutor(2) as pool:
                of_seed = partial(of_regime, name, n, audit)
                outcomes = list(pool.map(of_seed, range(count)))
            known = [outcome.interval for outcome in outcomes if outcome.interval is not None]
            low, high = (mean(end) for end in zip(*known, strict=True)) if known else (0.0, 1.0)
            cost = mean(outcome.cost for outcome in outcomes)
            row = {
                "regime": name,
                "audit": audit,
                "audited": mean(outcome.audited for outcome in outcomes),
                "streams": count,
                "satisfaction": mean(outcome.satisfaction for outcome in outcomes),
                "interval": [low, high],
                "cost": cost,
                # Beside the fully rated router, which comes first.
                "beside": cost / rows[0]["cost"] if rows else 1.0,
                "covered": sum(bool(outcome.covers) for outcome in outcomes),
                "status": outcomes[-1].status,
            }
            rows.append(row)
            print(
                f"{name:<24}{audit:>6}{row['audited']:>7.3f}{row['satisfaction']:>8.4f}"
                f"{low:>8.3f}{high:>8.3f}{cost:>10.3f}{row['beside']:>8.3f}"
                f"{row['covered']:>5}/{count:<4} {row['status']}",
                flush=True,
            )
    return rows


def poison(n: int, seeds: int) -> list[dict[str, Any]]:
    rows = []
    print("\nflipped ratings (audited ones are right)")
    for share in (0.0, 0.02, 0.05, 0.10):
        for audit in ("0", "5 %"):
            with ProcessPoolExecutor(2) as pool:
                outcomes = list(pool.map(partial(of_poison, share, n, audit), range(seeds)))
            row = {
                "flipped": share,
                "audit": audit,
                "satisfaction": mean(outcome.satisfaction for outcome in outcomes),
                "cost": mean(outcome.cost for outcome in outcomes),
            }
            rows.append(row)
            print(f"{share:>6.2f}{audit:>6}{row['satisfaction']:>8.4f}{row['cost']:>8.3f}")
    return rows


def failing(n: int, share: float, per_second: float, cooldown: int, seed: int) -> float:
    """Mean cost with failed calls: each falls back along the ranking."""
    world, chance = World.made(n, seed), np.random.default_rng(20_000 + seed)
    live = router(seed=seed, cooldown=cooldown)
    cost = 0.0
    for t in range(n):
        live._core.advance(int(t / per_second))
        decision = live.select(features=world.x[t])
        name: str | None = decision.model
        while name is not None and chance.random() < share:
            name = live.failed(decision, name)
        if name is not None:
            model = NAMES.index(name)
            live.feedback(
                decision, {name: bool(world.satisfied[t, model])}, cost={name: COSTS[model]}
            )
            cost += float(COSTS[model])
    return cost / n


def failures(n: int, seeds: int) -> list[dict[str, Any]]:
    rows = []
    print("\nfailed calls: cost with the default cool-down beside cooldown=0")
    for share in (0.001, 0.01, 0.05):
        for per_second in (1, 10, 100, 1000):
            with ProcessPoolExecutor(2) as pool:
                default, none = (
                    pool.map(partial(failing, n, share, per_second, cooldown), range(seeds))
                    for cooldown in (5, 0)
                )
                ratio = mean(a / b for a, b in zip(default, none, strict=True))
            rows.append({"failing": share, "per_second": per_second, "ratio": ratio})
            print(f"{share:>7.3f} at {per_second:>5}/s  {ratio:.3f}", flush=True)
    return rows


def outage(per_second: int, minutes: int = 10) -> float:
    """Failed calls per minute sent to a model that answers nothing for ten minutes."""
    n = min(per_second * 60 * minutes, 120_000)
    world, live, sent = World.made(n, 7), router(), 0
    for t in range(n):
        live._core.advance(int(t / n * minutes * 60))
        decision = live.select(features=world.x[t])
        name: str | None = decision.model
        while name == "small":
            sent += 1
            name = live.failed(decision, name)
        if name is not None:
            model = NAMES.index(name)
            live.feedback(
                decision, {name: bool(world.satisfied[t, model])}, cost={name: COSTS[model]}
            )
    return sent / minutes


def silence() -> dict[str, Any]:
    """How many requests go by before silence is said aloud."""
    said: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = said.append  # type: ignore[assignment,method-assign]
    log = logging.getLogger("messplus")
    log.addHandler(handler)
    live, world = router(), World.made(200, 1)
    warned = None
    for t in range(200):
        live.select(features=world.x[t])
        if said and warned is None:
            warned = t + 1
    log.removeHandler(handler)
    return {"warned_after": warned, "status": live.report().status}


def main(quick: bool) -> None:
    start = time.perf_counter()
    n, seeds, coverage = (2_000, 2, 4) if quick else (20_000, 4, 100)
    result: dict[str, Any] = {"silence": silence()}
    print(f"no ratings: {result['silence']}\n")
    result["regimes"] = regimes(n, seeds, coverage)
    result["poison"] = poison(n, seeds)
    result["failures"] = failures(n // 2, seeds)
    print("\nan outage of ten minutes: failed calls per minute sent to the model")
    rates = (1, 10) if quick else (1, 10, 100, 200)
    result["outage"] = {str(rate): outage(rate) for rate in rates}
    for rate, sent in result["outage"].items():
        print(f"{rate:>6}/s  {sent:.1f}")
    result["seconds"] = round(time.perf_counter() - start, 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])

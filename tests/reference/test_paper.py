"""The router decides as the published algorithm does, draw by draw."""

from __future__ import annotations

import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pytest

from messplus import SLA, Model, Policy, Router
from tests.reference.paper import PaperRouter
from tests.zoo import StubFeaturizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

TARGET = 0.7


def compare(
    features: Array, scores: Array, costs: Array, *, v: float, c: float, seed: int
) -> tuple[PaperRouter, Router, int]:
    """Route every row with both; they must agree on each, and on the predictions behind it."""
    listed = costs.mean(axis=0).tolist()
    names = [f"model-{m}" for m in range(len(listed))]
    policy = Policy.paper(v=v, c=c, lr=0.1)
    training = asdict(policy.sgd)
    reference = PaperRouter(listed, TARGET, v, c, features.shape[1], seed, **training)
    router = Router(
        [Model(name, cost) for name, cost in zip(names, listed, strict=True)],
        SLA(TARGET),
        policy,
        seed=seed,
        featurizer=StubFeaturizer(n_features=features.shape[1]),
        tag_features=0,
    )
    explorations = 0
    for step, (x, score, cost) in enumerate(zip(features, scores, costs, strict=True)):
        model, explored = reference.decide(x)
        decision = router.select(features=x)
        assert (names.index(decision.model), decision.reason == "explore") == (model, explored), (
            f"step {step}"
        )
        predictions = [head.predict(x) for head in reference.heads]
        assert list(decision.p_satisfied.values()) == pytest.approx(predictions, rel=1e-9)
        queried = range(len(names)) if explored else [model]
        explorations += explored
        ratings = {m: float(score[m]) for m in queried}
        paid = {m: float(cost[m]) for m in queried}
        reference.observe(x, model, ratings, paid)
        router.feedback(
            decision,
            satisfied={names[m]: rating for m, rating in ratings.items()},
            cost={names[m]: amount for m, amount in paid.items()},
        )
    report = router.report()
    assert report.backlog == pytest.approx(reference.backlog, abs=1e-9)
    assert report.cost == pytest.approx(sum(map(sum, reference.costs)), rel=1e-12)
    assert report.reasons["explore"] == explorations
    return reference, router, explorations


@pytest.mark.parametrize("c", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_decisions_agree_on_a_synthetic_stream(seed: int, c: float) -> None:
    steps, n_features = 1000, 6
    world = np.random.default_rng(5)
    # Exact in single precision, in which the router keeps them.
    features = world.normal(size=(steps, n_features)).astype(np.float32).astype(float)
    difficulty = features @ world.normal(size=n_features)
    skill = np.array([-0.5, 0.5, 2.0])
    scores = (skill - difficulty[:, None] > world.logistic(size=(steps, 3))).astype(float)
    costs = np.array([1.0, 3.0, 9.0]) * world.uniform(0.5, 1.5, size=(steps, 3))
    _, router, explorations = compare(features, scores, costs, v=0.3, c=c, seed=seed)
    assert explorations > 10
    assert all(model.selected > 10 for model in router.report().models.values())


def hashed_words(prompt: str, n_features: int) -> Array:
    """Counts of words by the hash of their letters, at unit length."""
    counts = np.zeros(n_features, np.float32)
    for word in prompt.lower().split():
        counts[zlib.crc32(word.encode()) % n_features] += 1
    unit = counts / max(float(np.linalg.norm(counts)), 1.0)
    return unit.astype(np.float32).astype(float)


@pytest.mark.parametrize("c", [0.1, 1.0])
def test_decisions_agree_on_a_real_table(tables: Callable[[str], Path], c: float) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    steps = 5000
    rows = parquet.read_table(tables("messplus_qwen2"))
    names = [name for name in rows.column_names if name.startswith("score:")]
    models = [name.removeprefix("score:") for name in names]
    chosen = np.random.default_rng(0).permutation(rows.num_rows)[:steps]
    rows = rows.take(chosen)
    features = np.stack([hashed_words(p, 32) for p in rows["prompt"].to_pylist()])
    scores = np.column_stack([rows[f"score:{m}"].to_numpy() for m in models]).astype(float)
    costs = np.column_stack([rows[f"energy_j:{m}"].to_numpy() for m in models]).astype(float)
    order = np.argsort(costs.mean(axis=0))
    _, router, explorations = compare(
        features, scores[:, order], costs[:, order], v=1e-3, c=c, seed=3
    )
    report = router.report()
    assert report.rated == steps
    assert explorations > 30
    assert sum(model.selected > 100 for model in report.models.values()) >= 2

"""The router decides as the plain form of the default policy does; made-up zoos keep the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from messplus import SLA, Model, Router
from tests.reference.default import DefaultRouter
from tests.zoo import StubFeaturizer

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

TARGET = 0.75


def world(seed: int, steps: int, n_features: int, *, late: float = 0.0) -> tuple[Array, ...]:
    """Features, scores and costs of three models; the second gets worse by ``late`` half-way."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(steps, n_features)) / np.sqrt(n_features)
    features = features.astype(np.float32).astype(float)
    difficulty = 2 * features @ rng.normal(size=n_features)
    skill = np.tile([0.2, 1.2, 2.2], (steps, 1))
    skill[steps // 2 :, 1] -= late
    scores = (skill - difficulty[:, None] > rng.logistic(size=(steps, 3))).astype(float)
    length = features @ rng.normal(size=n_features)
    costs = np.array([1.0, 4.0, 20.0]) * np.exp(length + rng.normal(0, 0.3, steps))[:, None]
    return features, scores, costs


def make_router(listed: list[float], target: float, n_features: int, seed: int) -> Router:
    models = [Model(f"model-{m}", cost) for m, cost in enumerate(listed)]
    featurizer = StubFeaturizer(n_features=n_features)
    return Router(models, SLA(target), seed=seed, featurizer=featurizer, tag_features=0)


@pytest.mark.parametrize(
    ("seed", "n_features", "share", "delay", "late"),
    [
        (0, 6, 1.0, 0, 0.0),
        (1, 40, 1.0, 0, 0.0),
        (2, 40, 0.3, 0, 0.0),
        (3, 40, 1.0, 150, 0.0),
        (4, 6, 0.5, 60, 0.0),
        (5, 6, 1.0, 0, 4.0),
    ],
)
def test_decisions_agree(seed: int, n_features: int, share: float, delay: int, late: float) -> None:
    steps = 1200
    features, scores, costs = world(seed, steps, n_features, late=late)
    listed = costs.mean(axis=0).tolist()
    reference = DefaultRouter(listed, TARGET, n_features, seed)
    router = make_router(listed, TARGET, n_features, seed)
    names = list(router.report().models)
    rated = np.random.default_rng(seed).random(steps) < share
    decisions, close = [], 0
    for step in range(steps):
        score, p_satisfied = reference.scores(features[step])
        decision = router.select(features=features[step])
        served = names.index(decision.model)
        decisions.append(decision)
        assert list(decision.p_satisfied.values()) == pytest.approx(p_satisfied, abs=2e-5), step
        # Where two models are as good as equal, rounding may decide.
        margin = 1e-3 * (1 + np.abs(score).min())
        assert score[served] <= score.min() + margin, f"step {step}"
        close += served != int(np.argmin(score))
        reference.commit(served)
        # A gateway that knows no price says zero; now and then a bill is in another unit.
        cost = costs[step, served] * {7: 0.0, 31: 1e4}.get(step % 97, 1.0)
        reference.learn_cost(step + 1, served, cost)
        router.feedback(decision, cost=cost)
        if (past := step - delay) >= 0 and rated[past]:
            served = names.index(decisions[past].model)
            reference.rate(past + 1, served, scores[past, served])
            router.feedback(decisions[past], satisfied=bool(scores[past, served]))
    report = router.report()
    assert close <= 3
    assert report.backlog == pytest.approx(reference.backlog, abs=1e-9)
    drifts = [model.drift.alarms + model.cost_drift.alarms for model in reference.models]
    assert [model.drifts for model in report.models.values()] == drifts
    assert (sum(drifts) > 0) == (late > 0)
    anomalies = [model.cost_anomalies for model in reference.models]
    assert [model.cost_anomalies for model in report.models.values()] == anomalies
    assert sum(anomalies) > 12
    assert sum(model.selected > 20 for model in report.models.values()) >= 2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [1.0, 0.2])
def test_the_target_is_held_on_zoos_nobody_tuned_for(seed: int, share: float) -> None:
    rng = np.random.default_rng([seed, 7])
    steps, n_features, n_models = 6000, 8, int(rng.integers(2, 6))
    features = rng.normal(size=(steps, n_features)) / np.sqrt(n_features)
    skill = np.sort(rng.uniform(-0.5, 3.0, n_models))
    taste = rng.normal(0, 0.7, (n_features, n_models)) + rng.normal(0, 1.5, (n_features, 1))
    p_satisfied = 1 / (1 + np.exp(-(skill + features @ taste)))
    scores = (rng.random((steps, n_models)) < p_satisfied).astype(float)
    costs = 10 ** np.sort(rng.uniform(-4, 0, n_models)) * rng.lognormal(0, 0.5, (steps, 1))
    means = scores.mean(axis=0)
    target = round(float(0.4 * means.min() + 0.6 * means.max()), 3)
    router = make_router(costs.mean(axis=0).tolist(), target, n_features, seed)
    names = list(router.report().models)
    rated = rng.random(steps) < share
    satisfaction = 0.0
    for step in range(steps):
        decision = router.select(features=features[step])
        served = names.index(decision.model)
        satisfaction += scores[step, served]
        satisfied = bool(scores[step, served]) if rated[step] else None
        router.feedback(decision, satisfied=satisfied, cost=costs[step, served])
    # What rated requests cannot tell of the others is at most three standard errors.
    unknown = 3 * np.sqrt(target * (1 - target) * (1 - share) / (share * steps))
    assert satisfaction / steps >= target - 0.008 - unknown

"""Service levels, limits, the dual objective and conversations, as an application uses them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from messplus import SLA, ConfigError, InputError, Limit, Model, Policy, Router
from tests.zoo import StubFeaturizer

MODELS = [Model("small", cost=1.0), Model("large", cost=4.0)]
LEVELS = {"gold": SLA(0.9), "free": SLA(0.5)}
LATENCY = {"small": 0.2, "large": 1.0}


def make(**settings: Any) -> Router:
    settings.setdefault("featurizer", StubFeaturizer())
    return Router(MODELS, tag_features=0, **settings)


def serve(router: Router, turn: int, **options: Any) -> str:
    """Half of the requests satisfy with the small model, all with the large one."""
    decision = router.select(f"prompt {turn}", **options)
    model = decision.model
    cost = {"small": 1.0, "large": 4.0}[model]
    satisfied = model == "large" or turn % 2 == 0
    router.feedback(decision, satisfied=satisfied, cost=cost, latency=LATENCY[model])
    return model


def test_each_level_is_held_and_reported_by_itself() -> None:
    router = make(slas=LEVELS)
    for turn in range(4000):
        serve(router, turn // 2, sla="gold" if turn % 2 else "free")
    report = router.report()
    gold, free = report.slas["gold"], report.slas["free"]
    assert (gold.decisions, free.decisions, report.decisions) == (2000, 2000, 4000)
    assert gold.satisfaction_rate == pytest.approx(0.9, abs=0.03)
    assert free.satisfaction_rate is not None
    assert gold.cost > 2 * free.cost
    for part in (gold, free, report):
        assert part.satisfaction_rate is not None
        assert part.lower_bound is not None
        assert part.satisfaction_rate >= part.lower_bound - 1e-9
        assert part.lower_bound == pytest.approx(part.target - part.backlog / part.rated)
    assert report.target == pytest.approx(0.7)
    assert report.cost == gold.cost + free.cost


def test_limits_hold_and_are_reported_with_their_bound() -> None:
    router = make(sla=SLA(0.6), limits=[Limit("cost", 2.0), Limit("latency", 0.5)])
    for turn in range(4000):
        serve(router, turn)
    report = router.report()
    assert set(report.limits) == {"cost", "latency"}
    for limit in report.limits.values():
        assert limit.mean is not None
        assert limit.upper_bound is not None
        assert limit.mean <= limit.upper_bound + 1e-9
        assert limit.mean <= 1.01 * limit.limit
        assert limit.feasible
    assert set(router.select("x").expected_latency) == {"small", "large"}
    assert make(sla=SLA(0.6)).select("x").expected_latency == {}


def test_satisfaction_can_be_the_objective() -> None:
    router = make(objective="satisfaction", limits=[Limit("cost", 2.5)])
    for turn in range(4000):
        serve(router, turn)
    report = router.report()
    assert report.limits["cost"].mean == pytest.approx(2.5, rel=0.02)
    # At 2.5 a half of the requests can go to the large model.
    assert report.satisfaction_rate is not None
    assert report.satisfaction_rate > 0.72
    assert report.target == 0.0


def test_what_cannot_hold_together_is_named(caplog: pytest.LogCaptureFixture) -> None:
    router = make(slas=LEVELS, limits=[Limit("cost", 1.1)])
    for turn in range(12_000):
        serve(router, turn // 2, sla="gold" if turn % 2 else "free")
    report = router.report()
    assert report.out_of_reach == ("sla gold", "limit cost")
    assert not report.feasible
    assert "out of reach: sla gold, limit cost" in caplog.text


def test_a_conversation_prefers_its_model() -> None:
    router = make(sla=SLA(0.1), switching_cost=0.5)
    cheap_large = {"small": 4.4, "large": 4.0}
    assert router.select("a", session="one", costs={"small": 1.0}).model == "small"
    assert router.select("b", session="one", costs=cheap_large).model == "small"
    assert router.select("c", session="two", costs=cheap_large).model == "large"
    assert router.select("d", costs=cheap_large).model == "large"
    again = Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
    assert again.select("b", session="one", costs=cheap_large).model == "small"


def test_a_level_must_be_named_where_there_are_several() -> None:
    router = make(slas=LEVELS)
    before = router.to_bytes()
    for sla, words in ((None, "got None"), ("silver", "got 'silver'"), (3, "got 3")):
        with pytest.raises(InputError, match=rf"sla: must name .*{words}"):
            router.select("x", sla=sla)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="session: must be a string, got 7"):
        router.select("x", sla="gold", session=7)  # type: ignore[arg-type]
    assert router.to_bytes() == before
    assert make(sla=SLA(0.5)).select("x", sla="default").model == "small"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "sla: required"),
        ({"sla": SLA(0.5), "slas": LEVELS}, "sla: required unless slas is given, .*got both"),
        ({"slas": {"gold": SLA(1.5), "free": SLA(0.5)}}, r'slas\["gold"\].target: .*got 1.5'),
        ({"sla": SLA(0.5), "limits": [Limit("cost", 0.0)]}, r"limits\[0\].mean: .*got 0"),
        ({"sla": SLA(0.5), "limits": [Limit("cost", math.inf)]}, r"limits\[0\].mean: .*got inf"),
        (
            {"sla": SLA(0.5), "limits": [Limit("cost", 1.0), Limit("cost", 2.0)]},
            "limits: must bound each resource once, got cost",
        ),
        (
            {"sla": SLA(0.5), "limits": [{"resource": "memory", "mean": 1.0}]},
            r"limits\[0\].resource: .*'memory'",
        ),
        ({"objective": "satisfaction"}, "objective: 'satisfaction' needs a limit"),
        ({"sla": SLA(0.5), "objective": "speed"}, "objective: .*got 'speed'"),
        ({"sla": SLA(0.5), "switching_cost": -0.1}, "switching_cost: .*got -0.1"),
        ({"sla": SLA(0.5), "switching_cost": 101.0}, "switching_cost: .*got 101"),
        (
            {"sla": SLA(0.5), "limits": [Limit("cost", 1.0)], "policy": Policy.paper()},
            "limits: need the default policy",
        ),
    ],
)
def test_a_setting_that_breaks_its_rule_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=f"^{words}"):
        make(**settings)

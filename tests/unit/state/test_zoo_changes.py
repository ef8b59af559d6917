"""Models that join, leave and change their price while the router serves."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, ConfigError, InputError, Model, Policy, Router
from tests.zoo import StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path

MODELS = [Model("small", cost=1.0), Model("large", cost=4.0)]


def make(path: Path | None = None, models: list[Model] | None = None) -> Router:
    zoo = MODELS if models is None else models
    if path is None:
        return Router(zoo, SLA(0.7), featurizer=StubFeaturizer(), tag_features=0)
    return Router.open(path, zoo, SLA(0.7), featurizer=StubFeaturizer(), tag_features=0)


def work(router: Router, n: int) -> list[str]:
    served = []
    for turn in range(n):
        decision = router.select(f"prompt {turn}")
        model = decision.model
        cost = {"small": 1.0, "large": 4.0}.get(model, 0.5)
        router.feedback(decision, satisfied=model != "small" or turn % 2 == 0, cost=cost)
        served.append(model)
    return served


def names(router: Router) -> list[str]:
    return [model.name for model in router.models]


def test_a_model_joins_is_tried_and_leaves() -> None:
    router = make()
    work(router, 300)
    known = router.report().models["large"].rated
    router.add_model(Model("new", cost=0.5, quality=0.9))
    assert names(router) == ["small", "large", "new"]
    assert work(router, 300).count("new") > 200
    waiting = router.select("x", allowed=["new"])
    router.remove_model("new")
    assert names(router) == ["small", "large"]
    decision = router.select("y")
    assert "new" not in decision.ranking
    assert "new" not in decision.p_satisfied
    router.feedback(waiting, satisfied=True, cost=1.0)
    report = router.report()
    assert report.models["new"].removed
    assert report.models["large"].rated >= known
    assert "new" not in work(router, 50)


def test_what_is_known_of_the_others_stays_bit_for_bit() -> None:
    router, other = make(), make()
    work(router, 200)
    work(other, 200)
    router.add_model(Model("new", cost=2.0))
    before, after = other.select("probe"), router.select("probe")
    for name in ("small", "large"):
        assert after.p_satisfied[name] == before.p_satisfied[name]
        assert after.expected_cost[name] == before.expected_cost[name]


def test_a_model_that_returns_keeps_what_was_learned() -> None:
    router = make()
    work(router, 200)
    before = router.select("probe").p_satisfied["small"]
    router.remove_model("small")
    router.add_model(Model("small", cost=1.0))
    assert router.select("probe").p_satisfied["small"] == before
    assert not router.report().models["small"].removed


@pytest.mark.parametrize("policy", [Policy.paper(v=0.5), Policy.default()])
def test_a_new_price_moves_what_is_expected(policy: Policy) -> None:
    router = make_router(policy)
    for turn in range(50):
        router.feedback(router.select(f"{turn}"), satisfied=True, cost=3.0)
    before = router.select("x").expected_cost
    router.reprice("small", 0.5)
    after = router.select("x").expected_cost
    assert after["small"] == pytest.approx(before["small"] / 2)
    assert after["medium"] == before["medium"]
    assert router.models[0] == Model("small", cost=0.5)


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    router = make()
    router.remove_model("large")
    before = router.to_bytes()
    with pytest.raises(InputError, match="model: must not be the last of the zoo, got small"):
        router.remove_model("small")
    with pytest.raises(InputError, match='model: must be in the zoo, got "large"'):
        router.remove_model("large")
    with pytest.raises(InputError, match=r"model: must name a model of the zoo .*, got 'other'"):
        router.remove_model("other")
    with pytest.raises(InputError, match='model: must be in the zoo, got "large"'):
        router.reprice("large", 1.0)
    with pytest.raises(
        ConfigError, match=r"models\[0\].cost: must be 0 or in \[1e-18, 1e18\], got -1"
    ):
        router.reprice("small", -1.0)
    with pytest.raises(ConfigError, match=r"models\[2\].name: must be unique"):
        router.add_model(Model("small", cost=1.0))
    with pytest.raises(ConfigError, match=r"model\.cost: .*got 'free'"):
        router.add_model(Model("new", cost="free"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="allowed: must name a model that has not left the zoo"):
        router.select("x", allowed=["large"])
    assert router.to_bytes() == before


def test_the_settings_of_an_opened_router_say_which_models_there_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state"
    with make(path) as router:
        work(router, 100)
        learned = router.select("probe").p_satisfied["large"]
    asked = [Model("large", cost=2.0), Model("new", cost=1.0)]
    with make(path, asked) as router:
        assert names(router) == ["large", "new"]
        assert router.select("probe").p_satisfied["large"] == learned
        assert router.models[0].cost == 2.0
    assert [record.message.split(": ", 1)[1] for record in caplog.records] == [
        "model 'large' now costs 2.0",
        "model 'new' joins the zoo",
        "model 'small' leaves the zoo",
    ]
    with Router.open(path, featurizer=StubFeaturizer()) as router:
        assert names(router) == ["large", "new"]


def test_changes_are_journaled(tmp_path: Path) -> None:
    path = tmp_path / "state"
    router = make(path)
    work(router, 20)
    router.add_model(Model("new", cost=0.5))
    router.reprice("large", 2.0)
    work(router, 20)
    router.remove_model("small")
    work(router, 20)
    state = router.to_bytes()
    # A copy, as a crash would leave it: without the closing snapshot.
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in path.iterdir():
        if file.name != "lock":
            (crashed / file.name).write_bytes(file.read_bytes())
    with Router.open(crashed, featurizer=StubFeaturizer()) as again:
        assert again.to_bytes() == state
    router.close()


def test_the_zoo_changes_under_load() -> None:
    router = make()
    stop = threading.Event()
    failures: list[BaseException] = []

    def load() -> None:
        try:
            while not stop.is_set():
                decision = router.select("x", costs={"small": 1.0}, allowed=["small", "large"])
                router.feedback(decision, satisfied=True, cost=1.0)
                assert set(decision.p_satisfied) >= {"small", "large"}
                free = router.select("y")
                assert free.model in free.p_satisfied
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(50):
        router.add_model(Model(f"m{turn}", cost=0.1, quality=0.9))
        router.reprice("large", 2.0 + turn)
        router.remove_model(f"m{turn}")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []

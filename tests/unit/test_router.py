"""Making a router and selecting with it: what is refused, what is served all the same."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import OrderedDict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import (
    ConfigError,
    FeaturizerError,
    InputError,
    MessPlusError,
    Model,
    NonFiniteError,
    Policy,
    Router,
    ShapeError,
)
from messplus.routing.attached import Attached
from messplus.routing.request import Request
from tests.zoo import (
    N_FEATURES,
    NAMES,
    TAG_FEATURES,
    StubFeaturizer,
    always_exploring,
    make_router,
    never_exploring,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

TEXT = np.linspace(-1, 1, N_FEATURES, dtype=np.float32)


# Making one


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": []}, r"models: .*got 0"),
        ({"models": [Model(str(n), 1.0) for n in range(65)]}, r"models: .*got 65"),
        ({"models": [Model("a", 1.0), Model("a", 2.0)]}, r"models\[1\]\.name: .*unique.*'?\"a\""),
        ({"models": [Model("", 1.0)]}, r"models\[0\]\.name: .*empty"),
        ({"models": [Model("a", -1.0)]}, r"models\[0\]\.cost: .*got -1"),
        ({"models": [Model("a", float("nan"))]}, r"models\[0\]\.cost: .*got nan"),
        ({"models": [Model("a", float("inf"))]}, r"models\[0\]\.cost: .*got inf"),
        ({"models": [Model("a", "1")]}, r"models\[0\]\.cost: .*got '1'"),  # type: ignore[arg-type]
        ({"models": [Model(1, 1.0)]}, r"models\[0\]\.name: .*got 1"),  # type: ignore[arg-type]
        ({"target": 0.0}, r"sla\.target: .*\(0, 1\].*got 0"),
        ({"target": 1.5}, r"sla\.target: .*\(0, 1\].*got 1\.5"),
        ({"target": float("nan")}, r"sla\.target: .*got nan"),
        ({"seed": -1}, r"seed: .*got -1"),
        ({"seed": 2**64}, r"seed: .*got 18446744073709551616"),
        ({"seed": 1.0}, r"seed: .*got 1\.0"),
        ({"tag_features": -1}, r"tag_features: .*got -1"),
        ({"pending_capacity": 0}, r"pending_capacity: .*got 0"),
        ({"pending_capacity": 2**40}, r"pending_capacity: .*got 1099511627776"),
        ({"featurizer": StubFeaturizer(n_features=5000)}, r"n_features: .*4096.*got 5008"),
        ({"policy": Policy.paper(v=-1.0)}, r"policy\.v: .*got -1"),
        ({"policy": Policy.paper(c=-0.5)}, r"policy\.exploration: .*got -0\.5"),
        ({"policy": Policy.paper(lr=0.0)}, r"policy\.sgd\.lr: .*got 0"),
        ({"policy": Policy.paper(momentum=1.0)}, r"policy\.sgd\.momentum: .*got 1"),
        ({"policy": Policy.paper(l2=2.0)}, r"policy\.sgd\.l2: .*got 2"),
        ({"policy": Policy.paper(clip=0.0)}, r"policy\.sgd\.clip: .*got 0"),
    ],
)
def test_a_setting_out_of_range_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        make_router(**change)


def test_every_error_is_a_messplus_error_and_a_value_error() -> None:
    for kind in (ConfigError, InputError, ShapeError, NonFiniteError):
        assert issubclass(kind, MessPlusError)
        assert issubclass(kind, ValueError)


def test_the_extremes_are_accepted() -> None:
    router = make_router(models=[Model("free", cost=0)], target=1.0, seed=2**64 - 1)
    assert router.select("x").reason == "forced"


# What selecting takes


def test_features_stand_in_for_the_prompt() -> None:
    by_prompt, by_features = make_router(seed=1), make_router(seed=1)
    ready = StubFeaturizer()("hello")
    assert by_prompt.select("hello").score == by_features.select(features=ready).score
    full = np.concatenate([ready, np.zeros(TAG_FEATURES, np.float32)])
    assert by_prompt.select("hello").score == by_features.select(features=full).score


@pytest.mark.parametrize("features", [TEXT.tolist(), TEXT.astype(float), tuple(TEXT), TEXT[::1]])
def test_any_sequence_of_numbers_is_features(router: Router, features: Any) -> None:
    assert router.select(features=features).reason != "fallback"


def test_strided_features_are_read_in_order() -> None:
    wide = np.repeat(TEXT, 2)
    taught = [make_router(always_exploring(), seed=1) for _ in range(2)]
    for router, features in zip(taught, (TEXT, wide[::2]), strict=True):
        router.feedback(router.select(features=features), satisfied=0.0)
    states = [router.select(features=TEXT).p_satisfied for router in taught]
    assert states[0] == states[1]


def test_a_cost_given_with_the_request_counts_for_it_alone() -> None:
    router = make_router(never_exploring())
    decision = router.select("x", costs={"small": 99.0})
    assert decision.model == "medium"
    assert decision.expected_cost == {"small": 99.0, "medium": 2.5, "large": 10.0}
    assert router.select("x").model == "small"


@pytest.mark.parametrize("mapping", [MappingProxyType, OrderedDict])
def test_any_mapping_of_costs_will_do(router: Router, mapping: Callable[[Any], Any]) -> None:
    assert router.select("x", costs=mapping({"small": 3.5})).expected_cost["small"] == 3.5


@pytest.mark.parametrize("collection", [list, tuple, set, frozenset, dict.fromkeys])
def test_only_allowed_models_are_chosen(collection: Callable[[Any], Any]) -> None:
    router = make_router(always_exploring())
    decision = router.select("x", allowed=collection(["small", "medium"]))
    assert set(decision.ranking) == {"small", "medium"}
    assert (decision.model, decision.also_query) == ("medium", ("small",))


def test_one_allowed_model_is_forced() -> None:
    decision = make_router(always_exploring()).select("x", allowed=["medium"])
    assert (decision.model, decision.reason) == ("medium", "forced")
    assert (decision.ranking, decision.also_query) == (("medium",), ())


# What selecting refuses


def nan_at(position: int) -> npt.NDArray[np.float32]:
    features = TEXT.copy()
    features[position] = np.nan
    return features


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (InputError, {}, "prompt: .*got None"),
        (InputError, {"prompt": 7}, "prompt: .*string.*got int"),
        (InputError, {"prompt": b"x"}, "prompt: .*string.*got bytes"),
        (ShapeError, {"features": TEXT[:-1]}, r"features: .*\(4,\) or \(12,\).*got \(3,\)"),
        (ShapeError, {"features": TEXT[None]}, r"features: .*got \(1, 4\)"),
        (ShapeError, {"features": np.zeros(12), "tags": {"a": "b"}}, r"features: .*got \(12,\)"),
        (ShapeError, {"features": ["a", "b", "c", "d"]}, "features: "),
        (ShapeError, {"features": [1, [2, 3]]}, "features: "),
        (ShapeError, {"features": {"a": 1}}, "features: "),
        (ShapeError, {"features": np.zeros(4, complex)}, "features: "),
        (NonFiniteError, {"features": nan_at(2)}, r"features\[2\]: .*got NaN"),
        (NonFiniteError, {"features": [0, 1e300, 0, 0]}, r"features\[1\]: .*got inf"),
        (InputError, {"costs": {"huge": 1.0}}, "costs: .*got 'huge'"),
        (InputError, {"costs": {1: 1.0}}, "costs: .*got 1"),
        (InputError, {"costs": {"small": -1.0}}, r"costs\[\"small\"\]: .*got -1"),
        (InputError, {"costs": {"small": float("nan")}}, r"costs\[\"small\"\]: .*got NaN"),
        (InputError, {"costs": {"small": float("inf")}}, r"costs\[\"small\"\]: .*got inf"),
        (InputError, {"costs": {"small": "1"}}, "costs: .*got '1'"),
        (InputError, {"costs": {"small": None}}, "costs: .*got None"),
        (InputError, {"costs": [1.0, 2.0, 3.0]}, r"costs: .*got \[1\.0"),
        (InputError, {"allowed": []}, "allowed: .*at least one"),
        (InputError, {"allowed": ["small", "huge"]}, "allowed: .*got 'huge'"),
        (InputError, {"allowed": "small"}, "allowed: .*collection.*got 'small'"),
        (InputError, {"allowed": [None]}, "allowed: .*got None"),
        (InputError, {"allowed": 7}, "allowed: .*got 7"),
    ],
)
def test_a_bad_argument_is_named_and_changes_nothing(
    router: Router, kind: type[Exception], arguments: dict[str, Any], message: str
) -> None:
    router.feedback(router.select("before"), satisfied=False)
    before = router.to_bytes()
    if "features" not in arguments and "prompt" not in arguments and arguments:
        arguments = {"prompt": "x", **arguments}
    with pytest.raises(kind, match=f"^{message}") as raised:
        router.select(**arguments)
    assert type(raised.value) is kind
    assert router.to_bytes() == before


# A featurizer that fails must not fail the request


class Broken(StubFeaturizer):
    """Fails, or gives something else than features."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self._result = result

    def __call__(self, _: str) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.mark.parametrize(
    "result",
    [
        FeaturizerError("no session"),
        RuntimeError("runtime"),
        TimeoutError(),
        InputError("a fault of the featurizer, not of the caller"),
        None,
        "text",
        np.float32(0),
        np.zeros(1, np.float32),
        np.zeros(N_FEATURES + 1, np.float32),
        np.full(N_FEATURES, np.nan, np.float32),
        np.array([np.inf, 0, 0, 0], np.float32),
    ],
    ids=repr,
)
def test_a_broken_featurizer_costs_the_features_only(
    result: object, caplog: pytest.LogCaptureFixture
) -> None:
    router = make_router(never_exploring(), featurizer=Broken(result))
    with caplog.at_level(logging.WARNING, "messplus"):
        decision = router.select("a private matter", tags={"task": "qa"})
    assert decision.reason == "fallback"
    assert decision.model in NAMES
    assert router.report().featurizer_errors == 1
    (record,) = caplog.records
    assert "without features" in record.message
    assert "private" not in caplog.text
    router.feedback(decision, satisfied=True, cost=1.0)
    assert router.report().rated == 1


def test_keyboard_interrupt_is_not_swallowed() -> None:
    class Interrupted(StubFeaturizer):
        def __call__(self, _: str) -> Any:
            raise KeyboardInterrupt

    router = make_router(featurizer=Interrupted())
    before = router.to_bytes()
    with pytest.raises(KeyboardInterrupt):
        router.select("x")
    assert router.to_bytes() == before


def test_every_keyword_of_a_request_may_be_left_open() -> None:
    router = make_router()
    for keyword in sorted(Request.__optional_keys__):
        router.select("a word", **{keyword: None})
    assert router.report().decisions == len(Request.__optional_keys__) > 9


def test_keywords_that_a_request_does_not_take_are_refused() -> None:
    router = make_router()
    with pytest.raises(TypeError, match="unexpected keyword argument 'allow'"):
        router.select("a word", allow=["small"])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'id'"):
        router.predict("a word", id="mine")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'session'"):
        router.select_many(["a word"], session="chat")  # type: ignore[call-arg]
    assert router.report().decisions == 0


def test_what_is_attached_is_an_argument_of_the_router() -> None:
    taken = inspect.signature(Router).parameters
    assert set(taken) >= Attached.__optional_keys__


def test_other_keywords_are_refused() -> None:
    router = make_router()
    with pytest.raises(TypeError, match="colour"):
        Router.from_bytes(router.to_bytes(), colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        asyncio.run(router.aselect("x", colour="red"))  # type: ignore[call-arg]

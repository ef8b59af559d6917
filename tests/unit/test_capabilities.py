"""A request goes only where it can be served."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

from messplus import (
    SLA,
    ConfigError,
    InputError,
    Model,
    Policy,
    Router,
    Shadow,
    UnservableError,
)
from messplus._core import Controller
from messplus.integrations.requirements import required
from tests.zoo import StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SMALL = Model("small", 1.0, max_input_tokens=100, supports={"tools"})
LARGE = Model("large", 10.0, max_input_tokens=1000, supports={"tools", "vision"})
TEXT = Model("text", 2.0, supports=set())
ANY = Model("any", 50.0)
ZOO = (SMALL, LARGE, TEXT, ANY)


def make(*models: Model, **kw: Any) -> Router:
    return make_router(Policy.default(exploration=0.0), models=models or ZOO, **kw)


@pytest.mark.parametrize(
    ("arguments", "able"),
    [
        ({}, {"small", "large", "text", "any"}),
        ({"requires": []}, {"small", "large", "text", "any"}),
        ({"requires": {"tools"}}, {"small", "large", "any"}),
        ({"requires": ["tools", "vision"]}, {"large", "any"}),
        ({"requires": ("audio",)}, {"any"}),
        ({"input_tokens": 100}, {"small", "large", "text", "any"}),
        ({"input_tokens": 101}, {"large", "text", "any"}),
        ({"input_tokens": 101, "requires": {"vision"}, "allowed": ["small", "large"]}, {"large"}),
    ],
)
def test_only_models_that_can_serve_are_ranked(
    arguments: Mapping[str, Any], able: set[str]
) -> None:
    router = make()
    assert set(router.predict("x", **arguments).ranking) == able
    decision = router.select("x", **arguments)
    assert set(decision.ranking) == able
    assert set(asyncio.run(router.aselect("x", **arguments)).ranking) == able
    if "input_tokens" not in arguments:
        assert set(router.select_many(["x"], **arguments)[0].ranking) == able
    assert router.failed(decision) in able | {None}


def test_tokens_are_estimated_from_the_prompt() -> None:
    router = make(SMALL, LARGE)
    assert "small" in router.select("x" * 400).ranking
    assert router.select("x" * 401).ranking == ("large",)
    assert router.select_many(["x" * 401])[0].ranking == ("large",)
    chat = [{"role": "system", "content": "y" * 400}, {"role": "user", "content": "x"}]
    assert router.select(chat).ranking == ("large",)
    assert "small" in router.select("x" * 4000, input_tokens=10).ranking
    with pytest.raises(UnservableError, match="1001 input tokens"):
        router.select("x" * 4001)


def test_what_no_model_can_serve_is_refused_with_who_supports_what() -> None:
    router = make(SMALL, TEXT, Model("none", 1.0, max_input_tokens=9))
    before = router.to_bytes()
    message = (
        "requires: must be what an allowed model can serve, got audio, vision, 10 input "
        'tokens, where "small" supports tools up to 100 input tokens; "text" supports text alone; '
        '"none" supports anything up to 9 input tokens'
    )
    for call in (router.select, router.predict):
        with pytest.raises(UnservableError, match=f"^{re.escape(message)}$"):
            call("x", requires=["audio", "vision"], input_tokens=10)
    with pytest.raises(InputError, match="got vision, 1 input tokens, where"):
        router.select_many(["x"], requires={"vision"}, allowed=["text"])
    assert router.to_bytes() == before


def test_sets_of_models_that_name_nobody_are_told_apart() -> None:
    router = make(SMALL, LARGE, TEXT)
    router.remove_model("text")
    for allowed, words in (
        (["nano"], "allowed: must name a model of the zoo ('small', 'large'), got 'nano'"),
        ([], "allowed: must name at least one model, got none"),
        (["text"], 'allowed: must name a model that has not left the zoo, got "text"'),
    ):
        with pytest.raises(InputError, match=re.escape(words)):
            router.select("x", allowed=allowed)


@pytest.mark.parametrize("wrong", ["vision", 3, [1], {"vision": 1, 2: 2}])
def test_requirements_are_names(wrong: Any) -> None:
    with pytest.raises(InputError, match="requires: must be a collection of capabilities by name"):
        make().select("x", requires=wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_input_tokens", 0),
        ("max_input_tokens", 1.5),
        ("max_input_tokens", 2**32),
        ("supports", "vision"),
        ("supports", {""}),
        ("supports", {"a\nb"}),
        ("supports", {3}),
        ("supports", {str(n) for n in range(65)}),
    ],
)
def test_capabilities_are_checked(field: str, value: Any) -> None:
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(ConfigError, match=rf"models\[0\]\.{field}"):
        make(Model("a", 1.0, **wrong))


def test_a_shadow_that_cannot_serve_leaves_it_to_the_choice() -> None:
    router = make(SMALL, LARGE, shadow=Shadow("small", explore=0.5))
    for n in range(20):
        assert router.select(str(n), requires={"vision"}).model == "large"


def test_the_state_knows_what_models_support(tmp_path: Path) -> None:
    router = make()
    found = Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
    assert found.models == router.models == ZOO
    assert set(found.select("x", requires={"vision"}).ranking) == {"large", "any"}
    config = tmp_path / "router.toml"
    config.write_text(
        'sla = {target = 0.7}\nmodels = [{name = "a", cost = 1.0, max_input_tokens = 9,'
        ' supports = ["vision"]}, {name = "b", cost = 2.0}]\n'
    )
    models = Router.from_config(config, featurizer=StubFeaturizer()).models
    assert models == (Model("a", 1.0, max_input_tokens=9, supports={"vision"}), Model("b", 2.0))


def test_a_folder_replays_what_was_required_and_follows_the_zoo(tmp_path: Path) -> None:
    path = tmp_path / "state"

    def opened(*models: Model) -> Router:
        return Router.open(path, models, SLA(0.7), featurizer=StubFeaturizer())

    with opened(SMALL, LARGE) as router:
        for n in range(5):
            router.feedback(router.select(str(n), requires={"vision"}), satisfied=True, cost=8.0)
        state = router.to_bytes()
        replayed, _ = Controller.recover(path)
        assert replayed.to_bytes() == state
    with opened(Model("small", 1.0, supports={"vision"}), LARGE) as router:
        assert router.models[0] == Model("small", 1.0, supports={"vision"})
        assert set(router.select("x" * 1000, requires={"vision"}).ranking) == {"small", "large"}
    with Router.open(path, featurizer=StubFeaturizer()) as router:
        assert router.models[0].max_input_tokens is None


def test_a_model_may_join_with_capabilities() -> None:
    router = make(TEXT)
    router.add_model(LARGE)
    assert router.select("x", requires={"vision"}).ranking == ("large",)


IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}


@pytest.mark.parametrize(
    ("messages", "tools", "expected"),
    [
        ("text", None, set()),
        ([{"role": "user", "content": "text"}], [], set()),
        ([{"role": "assistant", "content": None}], [{"type": "function"}], {"tools"}),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}, IMAGE], None, {"vision"}),
        ([IMAGE], [{"type": "function"}], {"vision", "tools"}),
        ([3, None, {"content": [None, "x"]}], None, set()),
        (None, None, set()),
    ],
)
def test_integrations_see_images_and_tools(
    messages: object, tools: object, expected: set[str]
) -> None:
    assert required(messages, tools) == expected
    assert required(messages, tools, ["audio"]) == expected | {"audio"}

"""Settings files: every wrong key, type and range is named."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, ConfigError, Model, PaperPolicy, Policy, Router, Sgd
from tests.zoo import StubFeaturizer

if TYPE_CHECKING:
    from pathlib import Path

FULL = {
    "models": [{"name": "small", "cost": 0.2}, {"name": "large", "cost": 3}],
    "sla": {"target": 0.9},
    "policy": {
        "preset": "paper",
        "v": 0.5,
        "exploration": 0.2,
        "sgd": {"lr": 0.05, "momentum": 0.5, "l2": 0.001, "clip": 2.0},
    },
    "seed": 7,
    "tag_features": 8,
    "pending_capacity": 100,
}

TOML = """
seed = 7
tag_features = 8
pending_capacity = 100
models = [{ name = "small", cost = 0.2 }, { name = "large", cost = 3 }]

[sla]
target = 0.9

[policy]
preset = "paper"
v = 0.5
exploration = 0.2
sgd = { lr = 0.05, momentum = 0.5, l2 = 0.001, clip = 2.0 }
"""


def from_json(path: Path, content: object) -> Router:
    file = path / "router.json"
    file.write_text(json.dumps(content))
    return Router.from_config(file, featurizer=StubFeaturizer())


def test_toml_json_and_arguments_make_the_same_router(tmp_path: Path) -> None:
    toml = tmp_path / "router.toml"
    toml.write_text(TOML)
    by_hand = Router(
        [Model("small", 0.2), Model("large", 3.0)],
        SLA(0.9),
        PaperPolicy(v=0.5, exploration=0.2, sgd=Sgd(lr=0.05, momentum=0.5, l2=0.001, clip=2.0)),
        seed=7,
        tag_features=8,
        pending_capacity=100,
        featurizer=StubFeaturizer(),
    )
    assert from_json(tmp_path, FULL).to_bytes() == by_hand.to_bytes()
    by_toml = Router.from_config(str(toml), featurizer=StubFeaturizer())
    assert by_toml.to_bytes() == by_hand.to_bytes()


def test_only_models_and_target_are_needed(tmp_path: Path) -> None:
    least = {name: FULL[name] for name in ("models", "sla")}
    by_hand = Router(
        [Model("small", 0.2), Model("large", 3.0)], SLA(0.9), featurizer=StubFeaturizer()
    )
    assert from_json(tmp_path, least).to_bytes() == by_hand.to_bytes()


def changed(path: str, value: object) -> dict[str, Any]:
    """The full settings with one key, given by its dotted path, set to a value."""
    content: Any = copy.deepcopy(FULL)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place[int(parent) if parent.isdigit() else parent]
    place[last] = value
    return content  # type: ignore[no-any-return]


WRONG_TYPES: list[tuple[str, object, str]] = [
    ("models", "small", "models"),
    ("models", {"small": 0.2}, "models"),
    ("models", ["small"], "models[0]"),
    ("models.1.name", 3, "models[1].name"),
    ("models.1.cost", "3", "models[1].cost"),
    ("models.1.cost", None, "models[1].cost"),
    ("models.1.cost", True, "models[1].cost"),
    ("sla", 0.9, "sla"),
    ("sla.target", "0.9", "sla.target"),
    ("policy", "paper", "policy"),
    ("policy.v", "big", "policy.v"),
    ("policy.exploration", [], "policy.exploration"),
    ("policy.sgd", 0.1, "policy.sgd"),
    ("policy.sgd.lr", "fast", "policy.sgd.lr"),
    ("policy.sgd.momentum", {}, "policy.sgd.momentum"),
    ("seed", 1.5, "seed"),
    ("seed", "7", "seed"),
    ("seed", True, "seed"),
    ("tag_features", 8.0, "tag_features"),
    ("pending_capacity", None, "pending_capacity"),
]

WRONG_RANGES: list[tuple[str, object, str]] = [
    ("models", [], "models"),
    ("models.1.name", "", "models[1].name"),
    ("models.1.name", "small", "models[1].name"),
    ("models.0.cost", -0.1, "models[0].cost"),
    ("models.0.cost", 1e19, "models[0].cost"),
    ("sla.target", 0, "sla.target"),
    ("sla.target", -0.5, "sla.target"),
    ("sla.target", 1.01, "sla.target"),
    ("policy.v", -1e-9, "policy.v"),
    ("policy.exploration", -1, "policy.exploration"),
    ("policy.sgd.lr", 0, "policy.sgd.lr"),
    ("policy.sgd.lr", 101, "policy.sgd.lr"),
    ("policy.sgd.momentum", 1, "policy.sgd.momentum"),
    ("policy.sgd.momentum", -0.1, "policy.sgd.momentum"),
    ("policy.sgd.l2", 1.5, "policy.sgd.l2"),
    ("policy.sgd.clip", 0, "policy.sgd.clip"),
    ("policy.sgd.clip", 1e7, "policy.sgd.clip"),
    ("seed", -1, "seed"),
    ("seed", 2**64, "seed"),
    ("tag_features", -1, "tag_features"),
    ("tag_features", 5000, "tag_features"),
    ("pending_capacity", 0, "pending_capacity"),
    ("pending_capacity", 2**40, "pending_capacity"),
]

UNKNOWN: list[tuple[str, object, str]] = [
    ("sead", 7, "sead"),
    ("models.0.price", 1, "models[0].price"),
    ("sla.tarjet", 1, "sla.tarjet"),
    ("policy.V", 1, "policy.V"),
    ("policy.sgd.rate", 1, "policy.sgd.rate"),
]


@pytest.mark.parametrize(("path", "value", "key"), WRONG_TYPES + WRONG_RANGES + UNKNOWN)
def test_a_wrong_value_is_named_with_its_key(
    path: str, value: object, key: str, tmp_path: Path
) -> None:
    from_json(tmp_path, FULL)
    with pytest.raises(ConfigError) as raised:
        from_json(tmp_path, changed(path, value))
    assert str(raised.value).startswith(f"{key}: ")
    assert ", got " in str(raised.value)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("models", "models"),
        ("models.1.cost", "models[1].cost"),
        ("sla", "sla"),
        ("sla.target", "sla.target"),
    ],
)
def test_a_missing_key_is_named(path: str, key: str, tmp_path: Path) -> None:
    content: Any = changed(path, None)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place[int(parent) if parent.isdigit() else parent]
    del place[last]
    with pytest.raises(ConfigError, match="required") as raised:
        from_json(tmp_path, content)
    assert str(raised.value).startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("router.json", "{", r"^router\.json: must be valid json"),
        ("router.json", "[]", r"^router\.json: must be a table"),
        ("router.json", "", r"^router\.json: must be valid json"),
        ("router.toml", "seed = ", r"^router\.toml: must be valid toml"),
        ("router.yaml", "seed: 1", r"^path: must end in \.toml or \.json, got .*router\.yaml"),
        ("router", "", r"^path: must end in"),
    ],
)
def test_a_file_that_is_no_settings_file_is_named(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=message):
        Router.from_config(tmp_path / name)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_json_does_not_know_are_named(number: str, tmp_path: Path) -> None:
    text = json.dumps(changed("sla.target", "?")).replace('"?"', number)
    (tmp_path / "router.json").write_text(text)
    with pytest.raises(ConfigError, match=r"^sla\.target: "):
        Router.from_config(tmp_path / "router.json")


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_infinite_numbers_of_toml_are_named(number: str, tmp_path: Path) -> None:
    (tmp_path / "router.toml").write_text(TOML.replace("v = 0.5", f"v = {number}"))
    with pytest.raises(ConfigError, match=r"^policy\.v: "):
        Router.from_config(tmp_path / "router.toml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "router.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"^router\.toml: "):
        Router.from_config(tmp_path / "router.toml")


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Router.from_config(tmp_path / "absent.toml")


def test_the_paper_preset_is_the_published_setting() -> None:
    assert Policy.paper() == PaperPolicy(v=1e-4, exploration=0.1, sgd=Sgd(momentum=0.9, clip=1.0))
    assert Policy.paper(v=2.0, c=0.5, lr=0.01).sgd.lr == 0.01

"""Every public call with every kind of wrong argument: what it raises, and that nothing changes."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"
# ruff: noqa: E501

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import (
    SLA,
    ConfigError,
    FeedbackError,
    InputError,
    Limit,
    MessPlusError,
    Model,
    NonFiniteError,
    Policy,
    Router,
    Shadow,
    ShapeError,
    StateError,
    StateVersionError,
    TokenPrice,
)
from messplus.featurizers import FunctionFeaturizer, StaticFeaturizer
from messplus.replay import load_table, replay, sweep
from tests.zoo import MODELS, N_FEATURES, TAG_FEATURES, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

NAN, INF = float("nan"), float("inf")
UNKNOWN = "0" * 32
X = np.zeros(N_FEATURES, np.float32)


@dataclass(frozen=True)
class World:
    """What the calls work on: a router with a past, its last decision, a folder."""

    router: Router
    decision: Any
    folder: Path


@dataclass(frozen=True)
class Case:
    """A wrong call, its exception, and what the message must say: field, rule and value."""

    name: str
    call: Callable[[World], object]
    error: type[Exception]
    words: tuple[str, ...]


def cases() -> list[Case]:
    return [
        *settings(),
        *policies(),
        *ways_to_get_a_router(),
        *selecting(),
        *feeding_back(),
        *failing(),
        *changing_the_zoo(),
        *state(),
        *featurizing(),
        *replaying(),
    ]


def settings() -> Iterable[Case]:
    """``Router(...)`` but for its policy."""

    def with_models(models: Any) -> Callable[[World], object]:
        return lambda _: make_router(models=models)

    def with_(**wrong: Any) -> Callable[[World], object]:
        return lambda _: make_router(Policy.default(), **wrong)

    for what, models, words in (
        ("no models", [], ("models", "1 to 64", "0")),
        ("65 models", [Model(str(n), 1.0) for n in range(65)], ("models", "1 to 64", "65")),
        ("no name", [Model("", 1.0)], ("models[0].name", "empty", '""')),
        ("escape", [Model("a\x1b[2J", 1.0)], ("models[0].name", "control characters", "a\\u{1b}")),
        ("two lines", [Model("a\nb", 1.0)], ("models[0].name", "control characters")),
        ("turned", [Model("a\u202eb", 1.0)], ("models[0].name", "control characters")),
        ("surrogate", [Model("a\ud800", 1.0)], ("settings", "surrogates", "ud800")),
        ("twice", [Model("a", 1.0), Model("a", 2.0)], ("models[1].name", "unique", "a")),
        ("a name as model", ["small"], ("models[0]", "small")),
        ("None as model", [None], ("models[0]", "None")),
        ("a number as name", [Model(3, 1.0)], ("models[0].name", "3")),
    ):
        yield Case(f"Router models: {what}", with_models(models), ConfigError, words)
    for cost in (-1.0, 2e18, NAN, INF, -INF, "1.0", None, True, [1.0]):
        model = Model("a", cost)
        yield Case(f"Model cost {cost!r}", with_models([model]), ConfigError, ("models[0].cost",))
    for quality in (0.0, 1.0, -0.1, 1.5, NAN, "high", True):
        model = Model("a", 1.0, quality)
        yield Case(
            f"Model quality {quality!r}", with_models([model]), ConfigError, ("models[0].quality",)
        )
    for target in (0.0, -0.1, 1.1, 95.0, NAN, INF, "0.9", None, True):
        yield Case(
            f"SLA target {target!r}",
            with_(target=target),
            ConfigError,
            ("sla.target", "must be")
            if isinstance(target, float) and np.isfinite(target)
            else ("sla.target",),
        )
    for field, values in {
        "seed": (-1, 2**64, 1.5, "1", None),
        "tag_features": (-1, 1025, 2.5, "8"),
        "pending_capacity": (0, -1, 2**40, 1.5, "many", None),
        "pending_age": (0, -5, 0.5, "1h"),
        "cooldown": (-1, 86_401, 0.5, "5s", None),
        "missing": ("later", None, 1),
        "objective": ("latency", None, 1),
        "switching_cost": (-0.1, NAN, INF, "0.1", None),
    }.items():
        for value in values:
            yield Case(f"{field} {value!r}", with_(**{field: value}), ConfigError, (field,))
    for what, limits, words in (
        ("resource", [Limit("tokens", 1.0)], ("limits[0]", "tokens")),
        ("zero", [Limit("cost", 0.0)], ("limits[0]", "0")),
        ("negative", [Limit("latency", -1.0)], ("limits[0]", "-1")),
        ("NaN", [Limit("cost", NAN)], ("limits[0]", "nan")),
        ("twice", [Limit("cost", 1.0), Limit("cost", 2.0)], ("limits", "once", "cost")),
        ("a number", [3], ("limits[0]", "3")),
    ):
        yield Case(f"limits: {what}", with_(limits=limits), ConfigError, words)
    for what, shadow, words in (
        ("unknown", "none", ("shadow", "must name a model of the zoo", "'none'")),
        ("a number", 3, ("shadow", "3")),
        ("share below 0", Shadow("small", -0.5), ("shadow.explore", "[0, 1]", "-0.5")),
        ("share above 1", Shadow("small", 1.5), ("shadow.explore", "[0, 1]", "1.5")),
        ("share NaN", Shadow("small", NAN), ("shadow.explore", "[0, 1]", "nan")),
        ("share True", Shadow("small", True), ("shadow.explore", "[0, 1]", "True")),
    ):
        yield Case(f"shadow: {what}", with_(shadow=shadow), ConfigError, words)
    featurizer = StubFeaturizer()
    slas: Any = {"gold": SLA(0.9), "free": SLA(0.5)}
    for what, changes, words in (
        ("both", {"sla": SLA(0.5), "slas": slas}, ("sla",)),
        ("neither", {}, ("sla",)),
        ("no name", {"slas": {"": SLA(0.5)}}, ("slas[0].name", "empty")),
        ("escape", {"slas": {"a": SLA(0.5), "\x9b": SLA(0.5)}}, ("slas[1].name", "control")),
        ("long name", {"slas": {"a" * 1025: SLA(0.5)}}, ("slas[0].name", "1024", "1025")),
        ("surrogate", {"slas": {"\udfff": SLA(0.5)}}, ("settings", "surrogates", "udfff")),
        ("a number", {"slas": {"gold": 0.9}}, ("slas.gold", "0.9")),
        ("range", {"slas": {"gold": SLA(1.5), "free": SLA(0.5)}}, ("gold", "(0, 1]", "1.5")),
    ):
        yield Case(
            f"slas: {what}",
            lambda _, changes=changes: Router(MODELS, featurizer=featurizer, **changes),
            ConfigError,
            words,
        )


def policies() -> Iterable[Case]:
    """The settings of every policy."""
    for name, values in {
        "exploration": (-0.1, NAN, INF, "0.1", None),
        "credit": (-1.0, 2e6, NAN, "50"),
        "forgetting": (0.9, 1.1, 0.0, NAN, None),
    }.items():
        for value in values:
            policy = Policy.default(**{name: value})
            yield Case(
                f"default {name} {value!r}",
                lambda _, policy=policy: make_router(policy),
                ConfigError,
                (f"policy.{name}",),
            )
    for name, field, values in (
        ("v", "policy.v", (-1.0, NAN, INF, "1")),
        ("c", "policy.exploration", (-1.0, NAN, None)),
        ("lr", "policy.sgd.lr", (0.0, -1.0, 101.0, NAN)),
        ("momentum", "policy.sgd.momentum", (1.0, -0.1, NAN)),
        ("l2", "policy.sgd.l2", (-0.1, 1.1, NAN)),
        ("clip", "policy.sgd.clip", (0.0, 2e6, "1")),
    ):
        for value in values:
            paper = Policy.paper(**{name: value})
            yield Case(
                f"paper {name} {value!r}",
                lambda _, paper=paper: make_router(paper),
                ConfigError,
                (field,),
            )
    for name, values in {"epsilon": (-0.1, 1.1, NAN, "0.1"), "credit": (-1.0, NAN)}.items():
        for value in values:
            greedy = Policy.epsilon_greedy(**{name: value})
            yield Case(
                f"epsilon-greedy {name} {value!r}",
                lambda _, greedy=greedy: make_router(greedy),
                ConfigError,
                (f"policy.{name}",),
            )
    for policy in ("default", 3, {"preset": "none"}):
        yield Case(
            f"policy {policy!r}",
            lambda _, policy=policy: make_router(policy),
            ConfigError,
            ("policy",),
        )


def ways_to_get_a_router() -> Iterable[Case]:
    """``Router.open``, ``from_config``, ``load``, ``from_bytes``."""
    stub = StubFeaturizer()

    def opened(w: World, **kw: Any) -> Router:
        return Router.open(
            w.folder / "state", MODELS, SLA(0.7), featurizer=stub, tag_features=TAG_FEATURES, **kw
        )

    def reopened(w: World, **kw: Any) -> Router:
        opened(w).close()
        return opened(w, **kw)

    def file(w: World, name: str, text: str) -> Path:
        path = w.folder / name
        path.write_text(text)
        return path

    yield Case(
        "open durability", lambda w: opened(w, durability="all"), ConfigError, ("durability", "all")
    )
    yield Case(
        "open journal_bytes",
        lambda w: opened(w, journal_bytes=-1),
        ConfigError,
        ("journal_bytes", "-1"),
    )
    yield Case(
        "open journal_bytes text",
        lambda w: opened(w, journal_bytes="1M"),
        ConfigError,
        ("journal_bytes", "1M"),
    )
    yield Case("open other seed", lambda w: reopened(w, seed=3), ConfigError, ("seed", "0", "3"))
    yield Case(
        "open without models",
        lambda w: Router.open(w.folder / "none", featurizer=stub),
        ConfigError,
        ("models",),
    )
    yield Case(
        "open another featurizer",
        lambda w: (
            opened(w).close(),
            Router.open(w.folder / "state", featurizer=StubFeaturizer("b")),
        ),
        StateError,
        ("featurizer", "'b"),
    )
    yield Case("open twice", lambda w: (opened(w), opened(w)), StateError, ("state",))
    yield Case(
        "open a file",
        lambda w: Router.open(file(w, "f", ""), MODELS, SLA(0.7), featurizer=stub),
        StateError,
        ("f",),
    )
    for name, text, words in (
        ("a.yaml", "", ("path", ".toml or .json", "a.yaml")),
        ("a.json", "{", ("a.json", "valid json")),
        ("a.toml", "=", ("a.toml", "valid toml")),
        ("b.json", "[]", ("b.json", "table of settings", "[]")),
        ("c.json", '{"models": []}', ("sla",)),
        ("d.json", '{"models": [], "sla": {"target": 0.5}}', ("models", "1 to 64")),
        ("e.json", '{"models": [{"name": "a"}], "sla": {"target": 0.5}}', ("models[0].cost",)),
        (
            "g.json",
            '{"models": [{"name": "\\ud800", "cost": 1}], "sla": {"target": 0.5}}',
            ("surrog",),
        ),
        ("h.json", "[" * 100_000, ("h.json", "valid json")),
        ("h.toml", "a = " + "[" * 100_000, ("h.toml", "valid toml")),
        ("f.json", '{"models": [], "sla": {"target": 0.5}, "speed": 1}', ("speed", "1")),
    ):
        yield Case(
            f"from_config {name}",
            lambda w, name=name, text=text: Router.from_config(file(w, name, text)),
            ConfigError,
            words,
        )
    good = make_router().to_bytes()
    other = json.dumps({}).encode()
    for what, state, error, words in (
        ("empty", b"", StateError, ("state", "0 bytes")),
        ("label", b"NOTMESSP" + good[8:], StateError, ("label",)),
        ("format", good[:8] + b"\x01\0\0\0" + good[12:], StateVersionError, ("format", "1")),
        ("short", good[:-9], StateError, ("state", "bytes")),
        ("long", good + b"\0", StateError, ("state",)),
        ("flipped", good[:40] + bytes([good[40] ^ 1]) + good[41:], StateError, ("checksum",)),
        ("JSON", other, StateError, ("state",)),
    ):
        yield Case(
            f"from_bytes {what}",
            lambda _, state=state: Router.from_bytes(state, featurizer=stub),
            error,
            words,
        )
    yield Case(
        "from_bytes text",
        lambda _: Router.from_bytes("state", featurizer=stub),
        TypeError,
        (),
    )
    yield Case(
        "from_bytes another featurizer",
        lambda _: Router.from_bytes(good, featurizer=StubFeaturizer("other")),
        StateError,
        ("featurizer", "'other", "'stub"),
    )
    yield Case(
        "load rubbish",
        lambda w: Router.load(file(w, "r", "rubbish"), featurizer=stub),
        StateError,
        ("state",),
    )
    yield Case(
        "load nothing", lambda w: Router.load(w.folder / "none"), FileNotFoundError, ("none",)
    )


def selecting() -> Iterable[Case]:
    """``select``, ``aselect`` and ``select_many``."""
    wrong: list[tuple[str, dict[str, Any], type[Exception], tuple[str, ...]]] = [
        ("nothing", {}, InputError, ("prompt", "None")),
        ("a number", {"prompt": 3}, InputError, ("prompt", "int")),
        ("bytes", {"prompt": b"x"}, InputError, ("prompt",)),
        ("a message that is none", {"prompt": [3]}, InputError, ("prompt", "int")),
        ("tags of a list", {"prompt": "x", "tags": ["a"]}, InputError, ("tags",)),
        ("tag of a number", {"prompt": "x", "tags": {"a": 3}}, InputError, ("tags", "3")),
        ("tag key of a number", {"prompt": "x", "tags": {3: "a"}}, InputError, ("tags", "3")),
        ("short features", {"features": X[:2]}, ShapeError, ("features", "(2,)")),
        ("long features", {"features": np.zeros(99)}, ShapeError, ("features", "(99,)")),
        ("a matrix", {"features": X[None]}, ShapeError, ("features", "(1, 4)")),
        ("texts", {"features": ["a"] * 4}, ShapeError, ("features", "dtype")),
        ("ragged", {"features": [[1.0], [1.0, 2.0]]}, ShapeError, ("features",)),
        ("complex", {"features": [1j] * 4}, ShapeError, ("features", "complex")),
        ("NaN", {"features": [NAN, 0, 0, 0]}, NonFiniteError, ("features[0]", "finite", "NaN")),
        ("infinite", {"features": [0, INF, 0, 0]}, NonFiniteError, ("features[1]", "inf")),
        ("too large", {"features": [1e300, 0, 0, 0]}, NonFiniteError, ("features[0]", "inf")),
        (
            "whole and tags",
            {"features": np.zeros(N_FEATURES + TAG_FEATURES), "tags": {"a": "b"}},
            ShapeError,
            ("features", "(12,)"),
        ),
        ("cost of none", {"prompt": "x", "costs": {"none": 1.0}}, InputError, ("costs", "'none'")),
        ("costs in a list", {"prompt": "x", "costs": [1.0]}, InputError, ("costs", "[1.0]")),
        ("costs a number", {"prompt": "x", "costs": 1.0}, InputError, ("costs", "1.0")),
        ("costs text", {"prompt": "x", "costs": {"small": "1"}}, InputError, ("costs", "'1'")),
        ("cost below 0", {"prompt": "x", "costs": {"small": -1}}, InputError, ("costs", "small", "-1")),
        ("cost NaN", {"prompt": "x", "costs": {"small": NAN}}, InputError, ("costs", "small", "NaN")),
        ("cost inf", {"prompt": "x", "costs": {"small": INF}}, InputError, ("costs", "small", "inf")),
        ("allowed none", {"prompt": "x", "allowed": []}, InputError, ("allowed", "at least one")),
        ("allowed text", {"prompt": "x", "allowed": "small"}, InputError, ("allowed", "'small'")),
        ("allowed unknown", {"prompt": "x", "allowed": ["none"]}, InputError, ("allowed", "'none'")),
        ("allowed numbers", {"prompt": "x", "allowed": [1]}, InputError, ("allowed", "1")),
        ("allowed a number", {"prompt": "x", "allowed": 3}, InputError, ("allowed", "3")),
        ("sla unknown", {"prompt": "x", "sla": "gold"}, InputError, ("sla", "'gold'")),
        ("sla a number", {"prompt": "x", "sla": 1}, InputError, ("sla", "1")),
        ("session a number", {"prompt": "x", "session": 7}, InputError, ("session", "7")),
        ("tokens below 0", {"prompt": "x", "input_tokens": -1}, InputError, ("input_tokens", "-1")),
        ("tokens text", {"prompt": "x", "input_tokens": "9"}, InputError, ("input_tokens", "'9'")),
    ]  # fmt: skip
    for what, arguments, error, words in wrong:
        yield Case(f"select {what}", lambda w, a=arguments: w.router.select(**a), error, words)
        yield Case(
            f"aselect {what}",
            lambda w, a=arguments: asyncio.run(w.router.aselect(**a)),
            error,
            words,
        )
    for deadline in (0.0, -1.0, NAN):
        yield Case(
            f"aselect deadline {deadline}",
            lambda w, d=deadline: asyncio.run(w.router.aselect("x", deadline=d)),
            InputError,
            ("deadline", "positive", str(deadline)),
        )
    for what, prompts, arguments, error, words in (
        ("tags too few", ["x", "y"], {"tags": [None]}, InputError, ("tags", "2", "1")),
        ("a prompt of None", ["x", None], {}, InputError, ("prompt", "None")),
        ("a tag of a number", ["x"], {"tags": [{"a": 3}]}, InputError, ("tags", "3")),
        ("costs", ["x"], {"costs": {"none": 1.0}}, InputError, ("costs", "'none'")),
        ("allowed", ["x"], {"allowed": []}, InputError, ("allowed",)),
        ("sla", ["x"], {"sla": "gold"}, InputError, ("sla", "'gold'")),
    ):
        yield Case(
            f"select_many {what}",
            lambda w, p=prompts, a=arguments: w.router.select_many(p, **a),
            error,
            words,
        )


def feeding_back() -> Iterable[Case]:
    """``feedback``."""
    wrong: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], tuple[str, ...]]] = [
        ("nothing", (), {}, InputError, ("feedback", "at least one", "none")),
        ("above 1", (1.1,), {}, InputError, ("satisfied", "[0, 1]", "1.1")),
        ("below 0", (-0.1,), {}, InputError, ("satisfied", "[0, 1]", "-0.1")),
        ("NaN", (NAN,), {}, InputError, ("satisfied", "[0, 1]", "NaN")),
        ("text", ("yes",), {}, InputError, ("satisfied", "number", "'yes'")),
        ("a list", ([True],), {}, InputError, ("satisfied", "number", "[True]")),
        ("unknown model", ({"none": True},), {}, InputError, ("satisfied", "'none'")),
        ("number as model", ({0: True},), {}, InputError, ("satisfied", "0")),
        ("text for a model", ({"small": "yes"},), {}, InputError, ("satisfied", "'yes'")),
        ("empty mapping", ({},), {}, InputError, ("feedback", "at least one")),
        ("cost below 0", (), {"cost": -1.0}, InputError, ("cost", "[0, 1e18]", "-1")),
        ("cost NaN", (), {"cost": NAN}, InputError, ("cost", "[0, 1e18]", "NaN")),
        ("cost inf", (), {"cost": INF}, InputError, ("cost", "[0, 1e18]", "inf")),
        ("cost above", (), {"cost": 2e18}, InputError, ("cost", "[0, 1e18]", "2e18")),
        ("cost text", (), {"cost": "1"}, InputError, ("cost", "number", "'1'")),
        ("cost unknown", (), {"cost": {"none": 1.0}}, InputError, ("cost", "'none'")),
        ("latency below 0", (), {"latency": -1.0}, InputError, ("latency", "[0, 1e18]", "-1")),
        ("latency NaN", (), {"latency": NAN}, InputError, ("latency", "[0, 1e18]", "NaN")),
        ("latency text", (), {"latency": "1s"}, InputError, ("latency", "number", "'1s'")),
        ("one of two", (True,), {"cost": -1.0}, InputError, ("cost", "-1")),
    ]
    for what, args, kw, error, words in wrong:
        yield Case(
            f"feedback {what}",
            lambda w, a=args, k=kw: w.router.feedback(w.decision, *a, **k),
            error,
            words,
        )
    for decision, words in (
        (UNKNOWN, ("decision", "unknown or expired", UNKNOWN)),
        ("", ("decision", "unknown or expired", "''")),
        ("x" * 32, ("decision", "unknown or expired", "xxx")),
        (None, ("decision", "must be a Decision or its id", "None")),
        (7, ("decision", "must be a Decision or its id", "7")),
    ):
        yield Case(
            f"feedback on {decision!r}",
            lambda w, d=decision: w.router.feedback(d, True),
            FeedbackError,
            words,
        )
    yield Case(
        "feedback of another router",
        lambda w: w.router.feedback(make_router().select("x"), True),
        FeedbackError,
        ("decision", "unknown or expired"),
    )

    def twice(w: World, **part: Any) -> None:
        w.router.feedback(w.decision, **part)
        with unchanged(w.router):
            w.router.feedback(w.decision, **part)

    for part in ({"satisfied": True}, {"cost": 1.0}, {"latency": 1.0}):
        yield Case(
            f"feedback twice {next(iter(part))}",
            lambda w, part=part: twice(w, **part),
            FeedbackError,
            ("decision", "one rating per model"),
        )


def failing() -> Iterable[Case]:
    """``failed``."""
    yield Case(
        "failed unknown model",
        lambda w: w.router.failed(w.decision, "none"),
        InputError,
        ("model", "'none'"),
    )
    yield Case(
        "failed number", lambda w: w.router.failed(w.decision, 3), InputError, ("model", "3")
    )
    yield Case(
        "failed elsewhere",
        lambda w: w.router.failed(make_router().select("x")),
        FeedbackError,
        ("decision", "unknown or expired"),
    )

    def twice(w: World) -> None:
        w.router.failed(w.decision)
        w.router.failed(w.decision)

    yield Case("failed twice", twice, FeedbackError, ("decision",))


def changing_the_zoo() -> Iterable[Case]:
    """``add_model``, ``remove_model``, ``reprice``."""
    for what, model, words in (
        ("known", Model("small", 1.0), ("name", "unique", "small")),
        ("no name", Model("", 1.0), ("name", "empty")),
        ("escape", Model("a\x1b", 1.0), ("name", "control characters")),
        ("surrogate", Model("a\ud800", 1.0), ("surrogates",)),
        ("cost below 0", Model("new", -1.0), ("cost", "-1")),
        ("cost NaN", Model("new", NAN), ("cost", "nan")),
        ("quality", Model("new", 1.0, 2.0), ("quality", "(0, 1)", "2")),
        ("a name", "new", ("model", "new")),
    ):
        yield Case(
            f"add_model {what}",
            lambda w, model=model: w.router.add_model(model),
            ConfigError,
            words,
        )
    for name in ("none", "", None, 3):
        yield Case(
            f"remove_model {name!r}",
            lambda w, name=name: w.router.remove_model(name),
            InputError,
            ("model", "zoo", repr(name)),
        )
    yield Case(
        "remove_model last",
        lambda _: make_router(models=MODELS[:1]).remove_model("small"),
        InputError,
        ("model", "last", "small"),
    )
    yield Case(
        "reprice unknown", lambda w: w.router.reprice("none", 1.0), InputError, ("model", "'none'")
    )
    for cost in (-1.0, NAN, "1", None):
        yield Case(
            f"reprice {cost!r}",
            lambda w, cost=cost: w.router.reprice("small", cost),
            ConfigError,
            ("cost",),
        )
    for what, price in (
        ("input below 0", TokenPrice(-1.0, 1.0, 100.0)),
        ("output NaN", TokenPrice(1.0, NAN, 100.0)),
        ("tokens text", TokenPrice(1.0, 1.0, "many")),
    ):
        yield Case(
            f"reprice TokenPrice {what}",
            lambda w, price=price: w.router.reprice("small", price),
            ConfigError,
            ("cost",),
        )


def state() -> Iterable[Case]:
    """``save``, ``checkpoint`` and ``warm_start``."""
    yield Case(
        "save into nothing",
        lambda w: w.router.save(w.folder / "none" / "s"),
        FileNotFoundError,
        ("none",),
    )
    row = {"prompt": "x", "model": "small", "satisfied": True}
    for what, rows, words in (
        ("unknown model", [row | {"model": "none"}], ("row 1", "model", "'none'")),
        ("above 1", [row, row | {"satisfied": 1.5}], ("row 2", "satisfied", "1.5")),
        ("cost below 0", [row | {"cost": -1.0}], ("row 1", "cost", "-1")),
        ("no outcome", [{"model": "small", "prompt": "x"}], ("satisfied",)),
        ("a number", 3, ("data", "int")),
    ):
        yield Case(
            f"warm_start {what}",
            lambda w, rows=rows: w.router.warm_start(rows),
            InputError,
            words,
        )


def featurizing() -> Iterable[Case]:
    """Featurizers made with wrong settings."""
    for dims in (0, -1, 129):
        yield Case(
            f"StaticFeaturizer dims {dims}",
            lambda _, d=dims: StaticFeaturizer(d),
            ConfigError,
            ("dims", str(dims)),
        )
    for tokens in (0, -1):
        yield Case(
            f"StaticFeaturizer max_tokens {tokens}",
            lambda _, t=tokens: StaticFeaturizer(max_tokens=t),
            ConfigError,
            ("max_tokens", str(tokens)),
        )
    yield Case(
        "FunctionFeaturizer no function",
        lambda _: FunctionFeaturizer(3),
        ConfigError,
        ("featurizer", "int"),
    )
    yield Case(
        "Router featurizer", lambda _: make_router(featurizer=3), ConfigError, ("featurizer", "int")
    )


def replaying() -> Iterable[Case]:
    """``messplus.replay``."""

    def table(w: World, text: str = "prompt,score:a,cost:a,score:b,cost:b\nx,1,1,0,2\n") -> Any:
        path = w.folder / "t.csv"
        path.write_text(text)
        return load_table(path)

    for what, text, words in (
        ("empty", "", ("t.csv",)),
        ("no scores", "prompt,cost:a\nx,1\n", ("t.csv", "score")),
        ("no costs", "prompt,score:a\nx,1\n", ("t.csv", "cost")),
        ("score above 1", "prompt,score:a,cost:a\nx,2,1\n", ("score:a", "2")),
        ("score text", "prompt,score:a,cost:a\nx,y,1\n", ("score:a", "y")),
        ("cost below 0", "prompt,score:a,cost:a\nx,1,-1\n", ("cost:a", "-1")),
    ):
        yield Case(f"load_table {what}", lambda w, text=text: table(w, text), InputError, words)
    yield Case(
        "load_table suffix", lambda w: load_table(w.folder / "t.xls"), InputError, ("t.xls",)
    )
    wrong: list[tuple[str, dict[str, Any], type[Exception], tuple[str, ...]]] = [
        ("target 0", {"target": 0.0}, ConfigError, ("target", "0")),
        ("target 2", {"target": 2.0}, ConfigError, ("target", "2")),
        ("target NaN", {"target": NAN}, ConfigError, ("target", "nan")),
        ("seeds 0", {"seeds": 0}, ConfigError, ("seeds", "0")),
        ("policy", {"policies": ["none"]}, ConfigError, ("policy", "none")),
        ("policy key", {"policies": ["default,x=1"]}, ConfigError, ("default", "'x'")),
        ("policy value", {"policies": ["default,credit=y"]}, ConfigError, ("credit=y",)),
        ("policy twice", {"policies": ["default", "default"]}, ConfigError, ("distinct",)),
        ("rate 2", {"feedback_rate": 2.0}, ConfigError, ("feedback_rate", "2")),
        ("rate NaN", {"feedback_rate": NAN}, ConfigError, ("feedback_rate", "nan")),
        ("delay -1", {"feedback_delay": -1}, ConfigError, ("feedback_delay", "-1")),
        ("stream", {"stream": "sideways"}, ConfigError, ("stream", "sideways")),
    ]
    for what, changes, error, words in wrong:
        arguments = {"target": 0.5, "policies": ["default"]} | changes
        yield Case(f"replay {what}", lambda w, a=arguments: replay(table(w), **a), error, words)
    yield Case(
        "sweep no targets",
        lambda w: sweep(table(w), targets=[], policies=["default"]),
        ConfigError,
        ("targets",),
    )


class unchanged:  # noqa: N801
    """The router is the same, to the bit, after the block as before."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def __enter__(self) -> None:
        self.before = self.router.to_bytes()

    def __exit__(self, *_: object) -> None:
        assert self.router.to_bytes() == self.before


CASES = cases()


@pytest.fixture
def world(tmp_path: Path) -> World:
    router = make_router(seed=1)
    for index in range(5):
        router.feedback(router.select(f"prompt {index}"), satisfied=index % 2 == 0, cost=1.0)
    return World(router, router.select("the last"), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_is_refused_by_name_and_changes_nothing(case: Case, world: World) -> None:
    before = world.router.to_bytes()
    with pytest.raises(case.error) as raised:
        case.call(world)
    assert type(raised.value) is case.error or case.error is StateError
    message = str(raised.value)
    missing = [word for word in case.words if word.lower() not in message.lower()]
    assert not missing, f"{missing} not in {message!r}"
    if not case.name.startswith(("feedback twice", "failed twice")):
        assert world.router.to_bytes() == before


def test_the_table_is_long_and_has_no_case_twice() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 150
    assert {case.error for case in CASES if issubclass(case.error, MessPlusError)} >= {
        ConfigError,
        FeedbackError,
        ConfigError,
        NonFiniteError,
        ShapeError,
        StateError,
        StateVersionError,
    }

"""What a router is made from, but for its policy."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import (
    SLA,
    ConfigError,
    Limit,
    Model,
    Policy,
    Router,
    Shadow,
)
from tests.unit.bad_input.case import INF, NAN, Case, World
from tests.zoo import MODELS, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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

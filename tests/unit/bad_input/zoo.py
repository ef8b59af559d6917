"""Models that join, leave and change their price."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus import (
    ConfigError,
    InputError,
    Model,
    TokenPrice,
)
from tests.unit.bad_input.case import NAN, Case
from tests.zoo import MODELS, make_router

if TYPE_CHECKING:
    from collections.abc import Iterable


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

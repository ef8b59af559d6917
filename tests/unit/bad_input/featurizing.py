"""Features."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus import (
    ConfigError,
)
from messplus.featurizers import FunctionFeaturizer, StaticFeaturizer
from tests.unit.bad_input.case import Case
from tests.zoo import make_router

if TYPE_CHECKING:
    from collections.abc import Iterable


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

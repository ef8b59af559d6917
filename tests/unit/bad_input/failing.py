"""Calls that failed."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus import (
    FeedbackError,
    InputError,
)
from tests.unit.bad_input.case import Case, World
from tests.zoo import make_router

if TYPE_CHECKING:
    from collections.abc import Iterable


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

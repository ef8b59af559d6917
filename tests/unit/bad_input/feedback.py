"""Ratings, costs and latencies."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messplus import (
    FeedbackError,
    InputError,
)
from tests.unit.bad_input.case import INF, NAN, UNKNOWN, Case, World, unchanged
from tests.zoo import make_router

if TYPE_CHECKING:
    from collections.abc import Iterable


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

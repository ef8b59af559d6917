"""State that cannot be read."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus import (
    InputError,
)
from tests.unit.bad_input.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterable


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

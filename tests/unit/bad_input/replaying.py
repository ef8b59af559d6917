"""Replays and their tables."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messplus import (
    ConfigError,
    InputError,
)
from messplus.replay import load_table, replay, sweep
from tests.unit.bad_input.case import NAN, Case, World

if TYPE_CHECKING:
    from collections.abc import Iterable


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

"""Requests."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"
# ruff: noqa: E501

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import (
    InputError,
    NonFiniteError,
    ShapeError,
)
from tests.unit.bad_input.case import INF, NAN, Case, X
from tests.zoo import N_FEATURES, TAG_FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable


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

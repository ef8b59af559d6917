"""Policies and their settings."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus import (
    ConfigError,
    Policy,
)
from tests.unit.bad_input.case import INF, NAN, Case
from tests.zoo import make_router

if TYPE_CHECKING:
    from collections.abc import Iterable


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

"""A wrong call: what it works on, what it raises, what the message must say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.zoo import N_FEATURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from messplus import (
        Router,
    )

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


class unchanged:  # noqa: N801
    """The router is the same, to the bit, after the block as before."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def __enter__(self) -> None:
        self.before = self.router.to_bytes()

    def __exit__(self, *_: object) -> None:
        assert self.router.to_bytes() == self.before

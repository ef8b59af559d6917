"""Hypothesis profiles, the real outcome tables, and a router to test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.zoo import make_router

if TYPE_CHECKING:
    from collections.abc import Callable

    from messplus import Router

# The machine's speed is no property of the code: no deadlines. Continuous integration repeats
# itself; everywhere else every run looks somewhere new.
for name, examples in {"quick": 25, "long": 1000}.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=os.environ.get("CI") == "true",
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def router() -> Router:
    return make_router()


@pytest.fixture(scope="session")
def tables() -> Callable[[str], Path]:
    """Finds the outcome table of a data set by its name."""
    root = os.environ.get("MESSPLUS_DATA")
    if root is None:
        pytest.skip("MESSPLUS_DATA is not set: it must name the folder of real outcome tables")

    def find(name: str) -> Path:
        return Path(root) / name / "outcomes.parquet"

    return find

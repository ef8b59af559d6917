"""Every public call with every kind of wrong argument: what it raises, and that nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messplus import (
    ConfigError,
    FeedbackError,
    MessPlusError,
    NonFiniteError,
    ShapeError,
    StateError,
    StateVersionError,
)
from tests.unit.bad_input import (
    failing,
    featurizing,
    feedback,
    policies,
    replaying,
    routers,
    selecting,
    settings,
    state,
    zoo,
)
from tests.unit.bad_input.case import Case, World
from tests.zoo import make_router

if TYPE_CHECKING:
    from pathlib import Path


CASES = [
    *settings.settings(),
    *policies.policies(),
    *routers.ways_to_get_a_router(),
    *selecting.selecting(),
    *feedback.feeding_back(),
    *failing.failing(),
    *zoo.changing_the_zoo(),
    *state.state(),
    *featurizing.featurizing(),
    *replaying.replaying(),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    router = make_router(seed=1)
    for index in range(5):
        router.feedback(router.select(f"prompt {index}"), satisfied=index % 2 == 0, cost=1.0)
    return World(router, router.select("the last"), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_is_refused_by_name_and_changes_nothing(case: Case, world: World) -> None:
    before = world.router.to_bytes()
    with pytest.raises(case.error) as raised:
        case.call(world)
    assert type(raised.value) is case.error or case.error is StateError
    message = str(raised.value)
    missing = [word for word in case.words if word.lower() not in message.lower()]
    assert not missing, f"{missing} not in {message!r}"
    if not case.name.startswith(("feedback twice", "failed twice")):
        assert world.router.to_bytes() == before


def test_the_table_is_long_and_has_no_case_twice() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 150
    assert {case.error for case in CASES if issubclass(case.error, MessPlusError)} >= {
        ConfigError,
        FeedbackError,
        ConfigError,
        NonFiniteError,
        ShapeError,
        StateError,
        StateVersionError,
    }

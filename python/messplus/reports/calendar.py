"""What happened in each minute, hour and day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from messplus._core import CoreCalendar

#: Seconds of each kind of slot.
LENGTHS = {"minute": 60, "hour": 3600, "day": 86_400}
#: Most of them that a router keeps.
KEPT = {"minute": 60, "hour": 48, "day": 92}


class LevelSums(NamedTuple):
    """Sums over the requests of one service level.

    Attributes
    ----------
    decided, cancelled
        Requests decided, and decisions taken back, whenever they were made.
    rated, costed
        Ratings that the queue accounted for, and calls whose cost became known.
    satisfaction, target, cost
        Sums of these ratings, of the targets that held when they came, and of these costs. A
        rating that is revised changes the sum of the slot in which the revision came.
    """

    decided: int
    cancelled: int
    rated: int
    costed: int
    satisfaction: float
    target: float
    cost: float


class ModelSums(NamedTuple):
    """Sums over the calls of one model.

    Attributes
    ----------
    selected, cancelled
        Requests it was chosen for, and those of them, whenever chosen, that were taken back.
    failed, rated, costed
        Calls that failed, ratings of its answers, and calls whose cost became known.
    satisfaction, cost
        Sums of these ratings and of these costs.
    """

    selected: int
    cancelled: int
    failed: int
    rated: int
    costed: int
    satisfaction: float
    cost: float


class Slot(NamedTuple):
    """One minute, hour or day of the wall clock, UTC.

    Attributes
    ----------
    start
        When it began, in seconds since 1970.
    explored
        Requests decided in it that explored.
    predicted
        Sum of what was predicted of the requests whose ratings queues accounted for.
    backlog
        The virtual queues of all service levels after the latest of these ratings.
    most_expensive
        Sum over its requests of what the most expensive model was expected to cost.
    slas, models
        Sums per service level and per model, in the order of their names in the calendar.
    """

    start: int
    explored: int
    predicted: float
    backlog: float
    most_expensive: float
    slas: Sequence[LevelSums]
    models: Sequence[ModelSums]


@dataclass(frozen=True)
class Calendar:
    """The latest minutes, hours and days of a router.

    Attributes
    ----------
    slas, models
        Names of the service levels and of all models that are or were in the zoo.
    slots
        By ``minute``, ``hour`` and ``day``: at most 60, 48 and 92 in which something happened, from
        the oldest to the current one. A router in memory keeps none.
    """

    slas: Sequence[str]
    models: Sequence[str]
    slots: Mapping[str, Sequence[Slot]]


def build(counters: CoreCalendar) -> Calendar:
    """Turn the core's calendar into tuples with names."""
    return Calendar(
        tuple(counters["slas"]),
        tuple(counters["models"]),
        {
            name: tuple(
                Slot(
                    start=slot["start"],
                    explored=slot["explored"],
                    predicted=slot["predicted"],
                    backlog=slot["backlog"],
                    most_expensive=slot["most_expensive"],
                    slas=tuple(LevelSums(*sums) for sums in slot["slas"]),
                    models=tuple(ModelSums(*sums) for sums in slot["models"]),
                )
                for slot in ring
            )
            for name, ring in counters["slots"].items()
        },
    )

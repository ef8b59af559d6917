"""What became of every request of a fleet that is being killed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .outages import Outage


@dataclass
class Act:
    """A decision or an outcome: by which process, and since when the log is known to have it."""

    process: int
    safe: float | None = None


@dataclass
class Books:
    """All decisions and outcomes that calls returned for, by the number of their request.

    Attributes
    ----------
    decisions, outcomes
        What was returned for.
    ended
        Processes that were killed.
    looked
        When each process last had looked at all of the log, and the log had all it did.
    acknowledged
        Outcomes that the log is known to have, and their decisions.
    """

    decisions: dict[int, Act] = field(default_factory=dict)
    outcomes: dict[int, Act] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    looked: dict[int, float] = field(default_factory=dict)
    acknowledged: int = 0

    def safe(self, acts: dict[int, Act], numbers: Sequence[int], now: float) -> None:
        """The log is known to have these decisions or outcomes."""
        for n in numbers:
            acts[n].safe = now
            self.acknowledged += self.is_acknowledged(n)

    def is_acknowledged(self, n: int) -> bool:
        """Whether the log is known to have both decision and outcome of a request."""
        acts = (self.decisions.get(n), self.outcomes.get(n))
        return all(act is not None and act.safe is not None for act in acts)

    def losses(self, counted: Collection[int], outages: Sequence[Outage]) -> Counter[str]:
        """Outcomes that were returned for and do not count, by how they were lost.

        ``unsent`` with a replica that had not said that the log has them; ``last_second`` with the
        end of the server's file, sent by a replica that was killed before it had looked at the log
        again; ``beyond`` the stated durability.
        """
        lost: Counter[str] = Counter()
        for n in self.outcomes.keys() - set(counted):
            if not self.is_acknowledged(n):
                lost["unsent"] += 1
            elif any(self._cut_off(acts[n], outages) for acts in (self.decisions, self.outcomes)):
                lost["last_second"] += 1
            else:
                lost["beyond"] += 1
        return lost

    def _cut_off(self, act: Act, outages: Sequence[Outage]) -> bool:
        looked = self.looked.get(act.process, 0.0)
        return (
            act.safe is not None
            and act.process in self.ended
            and any(
                outage.lost_since < act.safe <= outage.began and looked < outage.over
                for outage in outages
            )
        )

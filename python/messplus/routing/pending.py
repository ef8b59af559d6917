"""What is known of a decision whose feedback may still come, and the ids callers give."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from messplus._core import Decision
from messplus.exceptions import FeedbackError, InputError

if TYPE_CHECKING:
    from messplus._core import Controller


@dataclass(frozen=True)
class PendingDecision:
    """A decision that is held until its feedback has come or it is forgotten.

    Attributes
    ----------
    id
        The decision's id.
    model
        The model chosen to serve.
    ranking
        The order in which models are called where calls fail.
    p_satisfied
        Probability with which the model was expected to satisfy, in ``[0, 1]``.
    sla
        Its service level.
    reason
        Why the model was chosen; see :class:`messplus.Decision`.
    audit
        Whether it was picked to be rated in any case.
    satisfied
        The rating its service level has accounted for; None before it came.
    rated, costed, timed
        Models whose rating, cost and latency are known.
    failed
        Models whose call failed.
    """

    id: str
    model: str
    ranking: tuple[str, ...]
    p_satisfied: float
    sla: str
    reason: str
    audit: bool
    satisfied: float | None
    rated: tuple[str, ...]
    costed: tuple[str, ...]
    timed: tuple[str, ...]
    failed: tuple[str, ...]


class CallerIds:
    """Turns ids of callers into ids of decisions, the same way in every process.

    Parameters
    ----------
    core
        The router's core.
    seed
        The router's seed: routers of different seeds give different ids.
    """

    def __init__(self, core: Controller, seed: int) -> None:
        self._core = core
        self._key = seed.to_bytes(8, "little")

    def new(self, id: str | None) -> str | None:  # noqa: A002
        """The id of a decision to be made for a caller's id, if there is one."""
        if id is None:
            return None
        if not isinstance(id, str) or not id:
            raise InputError(f"id: must be a string that is not empty, got {id!r}")
        return self._hash(id)

    def known(self, decision: Decision | str) -> Decision | str:
        """The decision, or the id of the pending decision that a string names.

        Raises
        ------
        FeedbackError
            If it is neither a decision nor the id of a pending one.
        """
        if isinstance(decision, Decision):
            return decision
        if not isinstance(decision, str):
            raise FeedbackError(f"decision: must be a Decision or its id, got {decision!r}")
        if self._core.is_replica:
            # Another replica may have decided a moment ago; the log tells.
            return decision if _is_id(decision) else self._hash(decision)
        for id_ in (decision, self._hash(decision)):
            if _is_id(id_) and self._core.pending(id_) is not None:
                return id_
        raise FeedbackError(f"decision: must be pending, got unknown or expired id {decision!r}")

    def find(self, id: str) -> PendingDecision | None:  # noqa: A002
        """What is known of the pending decision of this id."""
        try:
            found = self._core.pending(str(self.known(id)))
        except FeedbackError:
            return None
        return None if found is None else PendingDecision(**found)

    def _hash(self, id: str) -> str:  # noqa: A002
        text = id.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, key=self._key, digest_size=16, person=b"messplus")
        return digest.hexdigest()


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdefABCDEF" for letter in text)

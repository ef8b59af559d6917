"""A conversation: decide each turn, record what it needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from messplus.exceptions import InputError

from .budget import Budget

if TYPE_CHECKING:
    import numpy.typing as npt

    from messplus._core import OffloadConversation, OffloadRouter

    from .actions import ActionSpace


@dataclass(frozen=True, slots=True)
class OffloadDecision:
    """Where to run a turn and what to upload.

    Attributes
    ----------
    location
        ``local`` or ``cloud``.
    modalities
        Names of the modalities to upload.
    action
        Index of the action.
    expected_response, expected_reward
        Predicted response score, and predicted reward of this turn.
    expected_latency, expected_cost
        Seconds and USD the cost table gives for the call.
    reason
        ``planned``: it is the best of all actions. ``budget``: it is the best of those that fit the
        budget, and some do not. ``exhausted``: nothing fits any more, and local is the last resort.
    """

    location: Literal["local", "cloud"]
    modalities: tuple[str, ...]
    action: int
    expected_response: float
    expected_reward: float
    expected_latency: float
    expected_cost: float
    reason: Literal["planned", "budget", "exhausted"]


class Conversation:
    """One conversation of an :class:`OffloadRouter`: decide, record, decide, ...

    Made by :meth:`OffloadRouter.start` or :meth:`OffloadRouter.resume`.
    """

    def __init__(
        self,
        router: OffloadRouter,
        space: ActionSpace,
        tasks: tuple[str, ...],
        native: OffloadConversation,
    ) -> None:
        self._router = router
        self._space = space
        self._tasks = tasks
        self._native = native

    def decide(self, task: str, association: npt.ArrayLike | None = None) -> OffloadDecision:
        """Decide the next turn.

        Parameters
        ----------
        task
            Task of the prompt, one of the router's names.
        association
            Association of the prompt with each modality, shape ``(M,)``, ``>= 0``; without it all
            modalities count alike.

        Returns
        -------
        OffloadDecision
            Where to run the turn and what to upload.

        Raises
        ------
        InputError
            If an argument breaks its rule.
        FeedbackError
            If the previous decision has not been recorded, or the conversation is finished.
        """
        try:
            index = self._tasks.index(task)
        except ValueError:
            raise InputError(f"task: must be among {self._tasks!r}, got {task!r}") from None
        if association is not None:
            association = np.ascontiguousarray(association, dtype=np.float32)
        native = self._router.decide(self._native, index, association)
        action = self._space.decode(native.action)
        return OffloadDecision(
            action.location,
            action.modalities,
            native.action,
            native.expected_response,
            native.expected_reward,
            native.expected_latency,
            native.expected_cost,
            native.reason,
        )

    def record(self, latency: float, cost: float, score: float | None = None) -> None:
        """Record what the decided turn needed.

        Parameters
        ----------
        latency, cost
            Seconds and USD of the call, finite, ``>= 0``.
        score
            Response score, finite, ``>= 0``, if known; the router learns from it.

        Raises
        ------
        InputError
            If a number is negative or not finite.
        FeedbackError
            If there is no decision to record.
        """
        self._router.record(self._native, latency, cost, score)

    def finish(self) -> None:
        """Close the conversation; the router learns its length.

        Raises
        ------
        FeedbackError
            If the last decision has not been recorded, or the conversation is finished.
        """
        self._router.finish(self._native)

    @property
    def turn(self) -> int:
        """Number of turns recorded."""
        return self._native.spending[0]

    @property
    def spent(self) -> Budget:
        """Seconds and USD spent."""
        _, latency, cost, _, _ = self._native.spending
        return Budget(latency, cost)

    @property
    def remaining(self) -> tuple[float, float]:
        """Seconds and USD left; negative after an overrun."""
        return self._native.spending[3:]

    def to_bytes(self) -> bytes:
        """Return the state: budget, spending, progress and the decision to be recorded."""
        return self._native.to_bytes()

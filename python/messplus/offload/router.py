"""The offloading router applications embed: decide each turn, record what it needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from messplus import _core
from messplus._files import replacing
from messplus.exceptions import InputError, StateError

from .budget import UNLIMITED, Budget
from .reward import RewardWeights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from .actions import ActionSpace
    from .costs import CostTable
    from .dialogues import OfflineDataset


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
        Predicted response score, and reward of this turn.
    expected_latency, expected_cost
        Seconds and USD the cost table gives for the call.
    reason
        ``planned``: best of all actions. ``budget``: best of those that fit. ``exhausted``: nothing
        fits any more, local as the last resort.
    """

    location: Literal["local", "cloud"]
    modalities: tuple[str, ...]
    action: int
    expected_response: float
    expected_reward: float
    expected_latency: float
    expected_cost: float
    reason: Literal["planned", "budget", "exhausted"]


class OffloadRouter:
    """Plans each conversation's remaining budget over its remaining turns, and learns as it serves.

    The response of every action is predicted by an online Bayesian regression on task, progress of
    the conversation and uploads; an exact dynamic programme over the remaining turns and budgets
    weighs it against what it leaves for later. Actions that do not fit the remaining budget, with
    a local call reserved for every later turn, are never chosen.

    Safe to share between threads; every call is one atomic transition.

    Parameters
    ----------
    space
        The action space.
    tasks
        Names of the task categories, 1 to 64.
    costs
        Latency and cost of a call by level. Budgets hold without exception if these are upper
        bounds of what calls need and all turns fit locally.
    weights
        Reward weights.
    max_turns
        Longest conversation planned for, 1 to 16; later turns are still served.
    optimism
        Standard deviations added to an uncertain response so that untried actions get tried,
        ``>= 0``; 0 never explores.
    cost_rate
        Weight of each recorded call in the running mean that replaces its entry of ``costs``, in
        ``[0, 1]``. 0 keeps the declared costs; above 0 they are means, no longer upper bounds.

    Examples
    --------
    >>> from messplus.offload import ActionSpace, Budget, CostTable, OffloadRouter
    >>> space = ActionSpace(("first person", "side", "overhead"))
    >>> router = OffloadRouter(space, ["query", "message"], CostTable.published("wifi"))
    >>> conversation = router.start(budget=Budget(latency=30.0, cost=0.05))
    >>> decision = conversation.decide("query", association=[0.22, 0.21, 0.20])
    >>> decision.location in ("local", "cloud")
    True
    >>> conversation.record(latency=1.9, cost=0.005, score=1.2)
    """

    def __init__(
        self,
        space: ActionSpace,
        tasks: Sequence[str],
        costs: CostTable,
        weights: RewardWeights | None = None,
        *,
        max_turns: int = 5,
        optimism: float = 0.5,
        cost_rate: float = 0.0,
    ) -> None:
        self.space = space
        self.tasks = _unique(tasks)
        self.native = _core.OffloadRouter(
            len(space.modalities),
            len(self.tasks),
            costs.as_tuple(),
            (weights or RewardWeights()).as_tuple(),
            max_turns,
            optimism,
            cost_rate,
        )

    def fit(self, data: OfflineDataset) -> OffloadRouter:
        """Learn from logged dialogues, on top of what is known.

        Parameters
        ----------
        data
            The dialogues; they need the router's numbers of tasks and modalities.

        Returns
        -------
        OffloadRouter
            The router itself.

        Raises
        ------
        InputError
            If the data is of another shape.
        """
        self.native.fit(data.native)
        return self

    def start(self, budget: Budget = UNLIMITED, *, turns: int | None = None) -> Conversation:
        """Open a conversation.

        Parameters
        ----------
        budget
            Limits of its total latency and cost.
        turns
            Its length, 1 to 16, if known; otherwise the lengths seen so far are planned for.

        Returns
        -------
        Conversation
            The conversation.

        Raises
        ------
        InputError
            If the length is out of range.
        """
        return Conversation(self, self.native.start(budget.as_tuple(), turns))

    def resume(self, state: bytes) -> Conversation:
        """Continue a conversation from :meth:`Conversation.to_bytes`.

        Parameters
        ----------
        state
            The bytes.

        Returns
        -------
        Conversation
            The conversation, where it was left.

        Raises
        ------
        StateError
            If the bytes are damaged or of another version.
        """
        return Conversation(self, _core.OffloadConversation.from_bytes(state))

    def save(self, path: str | Path) -> None:
        """Write the state; names of tasks and modalities are not part of it.

        Parameters
        ----------
        path
            The file; one that is there is replaced.
        """
        with replacing(path) as file:
            file.write(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The state: version, checksum, settings and everything learned."""
        return self.native.to_bytes()

    @classmethod
    def from_bytes(cls, state: bytes, space: ActionSpace, tasks: Sequence[str]) -> OffloadRouter:
        """Restore a router; it decides as the saved one would, bit for bit.

        Parameters
        ----------
        state
            What :meth:`to_bytes` gave.
        space, tasks
            As for the class.

        Returns
        -------
        OffloadRouter
            The router.

        Raises
        ------
        StateError
            If the bytes are damaged, of another version, or for other numbers of tasks or
            modalities.
        """
        router = cls.__new__(cls)
        router.space, router.tasks = space, _unique(tasks)
        router.native = _core.OffloadRouter.from_bytes(state)
        expected = len(space.modalities), len(router.tasks)
        if router.native.shape[:2] != expected:
            raise StateError(
                f"state: must be for {expected} modalities and tasks, got {router.native.shape[:2]}"
            )
        return router


class Conversation:
    """One conversation of an :class:`OffloadRouter`: decide, record, decide, ..."""

    def __init__(self, router: OffloadRouter, native: _core.OffloadConversation) -> None:
        self._router = router
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
        router = self._router
        try:
            index = router.tasks.index(task)
        except ValueError:
            raise InputError(f"task: must be among {router.tasks!r}, got {task!r}") from None
        if association is not None:
            association = np.ascontiguousarray(association, dtype=np.float32)
        native = router.native.decide(self._native, index, association)
        action = router.space.decode(native.action)
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
        """Take what the decided turn needed.

        Parameters
        ----------
        latency, cost
            Seconds and USD of the call, finite, ``>= 0``.
        score
            Response score, finite, ``>= 0``, if known; the router learns from it.

        Raises
        ------
        FeedbackError
            If there is no decision to record.
        """
        self._router.native.record(self._native, latency, cost, score)

    def finish(self) -> None:
        """Close the conversation; the router learns its length."""
        self._router.native.finish(self._native)

    @property
    def turn(self) -> int:
        """Turns recorded."""
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
        """The state: version, checksum, budget, spending and progress."""
        return self._native.to_bytes()


def _unique(tasks: Sequence[str]) -> tuple[str, ...]:
    names = tuple(tasks)
    if len(set(names)) < len(names):
        raise InputError(f"tasks: must be unique, got {names!r}")
    return names

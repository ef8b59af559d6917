"""The offloading router that applications embed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from messplus import _core
from messplus._files import replacing
from messplus.exceptions import InputError, StateError

from .budget import UNLIMITED, Budget
from .conversation import Conversation
from .reward import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .actions import ActionSpace
    from .costs import CostTable
    from .dialogues import OfflineDataset
    from .reward import RewardWeights


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

    Raises
    ------
    InputError
        If a setting is out of range, a task occurs twice, or ``costs`` is for other modalities.

    Notes
    -----
    Responses are raised by ``optimism`` posterior standard deviations, as in LinUCB (Li et al.,
    2010, algorithm 1); the plan solves the optimality equation of a finite horizon (Puterman,
    "Markov Decision Processes", 1994, section 4.3) over turn, cloud turns, uploads and what is
    left.

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
        weights: RewardWeights = DEFAULT_WEIGHTS,
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
            weights.as_tuple(),
            max_turns,
            optimism,
            cost_rate,
        )

    def fit(self, data: OfflineDataset) -> OffloadRouter:
        """Learn from logged dialogues, in addition to what is known.

        Parameters
        ----------
        data
            Dialogues over the router's action space and tasks.

        Returns
        -------
        OffloadRouter
            The router itself.

        Raises
        ------
        InputError
            If ``data`` has other numbers of modalities or tasks.
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
            Its length, 1 to 16, if known; otherwise the router plans for the lengths it has seen.

        Returns
        -------
        Conversation
            The conversation, before its first turn.

        Raises
        ------
        InputError
            If ``turns`` is out of range.
        """
        return self._conversation(self.native.start(budget.as_tuple(), turns))

    def resume(self, state: bytes) -> Conversation:
        """Continue a conversation, here or in another process.

        Parameters
        ----------
        state
            What :meth:`Conversation.to_bytes` returned.

        Returns
        -------
        Conversation
            The conversation, where it was left.

        Raises
        ------
        StateError
            If the bytes are damaged or not a conversation.
        StateVersionError
            If they have a format this version does not read.
        """
        return self._conversation(_core.OffloadConversation.from_bytes(state))

    def save(self, path: str | Path) -> None:
        """Write the state of :meth:`to_bytes` to a file: complete or not at all.

        Parameters
        ----------
        path
            The file, replaced if it exists.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        with replacing(path) as file:
            file.write(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path, space: ActionSpace, tasks: Sequence[str]) -> OffloadRouter:
        """Read a file written by :meth:`save`.

        Parameters
        ----------
        path
            The file.
        space, tasks
            As for :meth:`from_bytes`.

        Returns
        -------
        OffloadRouter
            The router, as it was saved.

        Raises
        ------
        OSError
            If the file cannot be read.
        StateError
            As :meth:`from_bytes`; the message names the file.
        """
        try:
            return cls.from_bytes(Path(path).read_bytes(), space, tasks)
        except StateError as error:
            raise type(error)(f"{path}: {error}") from None

    def to_bytes(self) -> bytes:
        """Return the state: settings and everything learned, without names."""
        return self.native.to_bytes()

    @classmethod
    def from_bytes(cls, state: bytes, space: ActionSpace, tasks: Sequence[str]) -> OffloadRouter:
        """Restore a router, which decides as the saved one would, bit for bit.

        Parameters
        ----------
        state
            What :meth:`to_bytes` returned.
        space
            The action space the router was made with.
        tasks
            The task categories it was made with, in the same order.

        Returns
        -------
        OffloadRouter
            The router, as it was saved.

        Raises
        ------
        StateError
            If the bytes are damaged, or for other numbers of tasks or modalities.
        StateVersionError
            If they have a format this version does not read.
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

    def _conversation(self, native: _core.OffloadConversation) -> Conversation:
        return Conversation(self.native, self.space, self.tasks, native)


def _unique(tasks: Sequence[str]) -> tuple[str, ...]:
    names = tuple(tasks)
    if len(set(names)) < len(names):
        raise InputError(f"tasks: must be unique, got {names!r}")
    return names

"""Logged dialogues, from which the estimator, the agents and the router learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from messplus._core import OffloadData
from messplus.exceptions import InputError

from .actions import ActionSpace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt


@dataclass(frozen=True)
class Turn:
    """One logged turn.

    Parameters
    ----------
    task
        Task category, one of the data set's names.
    action
        Index of the behaviour policy's action.
    score
        Response score it earned, finite.
    association
        Association of the prompt with each modality, shape ``(M,)``, ``>= 0``.
    """

    task: str
    action: int
    score: float
    association: tuple[float, ...]


@dataclass(frozen=True)
class Dialogue:
    """One logged conversation.

    Parameters
    ----------
    turns
        Its turns, at least one.
    """

    turns: tuple[Turn, ...]


class OfflineDataset:
    """A set of dialogues over one action space and one task vocabulary.

    Parameters
    ----------
    space
        The action space.
    tasks
        Names of the task categories; their order defines task indices.
    dialogues
        The dialogues.

    Raises
    ------
    InputError
        If a turn breaks a rule; the message names dialogue and turn.
    """

    def __init__(
        self, space: ActionSpace, tasks: Sequence[str], dialogues: Iterable[Dialogue]
    ) -> None:
        index = {task: i for i, task in enumerate(tasks)}
        turns: list[Turn] = []
        lengths: list[int] = []
        for d, dialogue in enumerate(dialogues):
            lengths.append(len(dialogue.turns))
            for t, turn in enumerate(dialogue.turns):
                if turn.task not in index:
                    raise InputError(
                        f"dialogue {d}, turn {t}, task: must be among {list(index)}, "
                        f"got {turn.task!r}"
                    )
                if len(turn.association) != len(space.modalities):
                    raise InputError(
                        f"dialogue {d}, turn {t}, association: must have "
                        f"{len(space.modalities)} values, got {len(turn.association)}"
                    )
                turns.append(turn)
        self.space = space
        self.tasks = tuple(tasks)
        associations = np.array([turn.association for turn in turns], dtype=np.float32)
        self.native = OffloadData(
            len(space.modalities),
            len(self.tasks),
            np.array(lengths, dtype=np.int64),
            np.array([index[turn.task] for turn in turns], dtype=np.int64),
            np.array([turn.action for turn in turns], dtype=np.int64),
            np.array([turn.score for turn in turns], dtype=np.float64),
            associations.reshape(len(turns), len(space.modalities)),
        )

    @classmethod
    def _wrap(
        cls, space: ActionSpace, tasks: tuple[str, ...], native: OffloadData
    ) -> OfflineDataset:
        data = cls.__new__(cls)
        data.space, data.tasks, data.native = space, tasks, native
        return data

    def __len__(self) -> int:
        return len(self.native.lengths)

    @property
    def lengths(self) -> list[int]:
        """Turns of each dialogue."""
        return self.native.lengths

    def __getitem__(self, dialogue: int) -> Dialogue:
        lengths = self.lengths
        if not 0 <= dialogue < len(lengths):
            raise IndexError(dialogue)
        rows = (self.native.turn(dialogue, t) for t in range(lengths[dialogue]))
        return Dialogue(
            tuple(
                Turn(self.tasks[task], action, score, tuple(association))
                for task, action, score, association in rows
            )
        )

    def observations(self, dialogue: int, span: int = 5) -> npt.NDArray[np.float32]:
        """Logged observations of one dialogue.

        Parameters
        ----------
        dialogue
            Index of the dialogue.
        span
            Window length Z in turns, 1 to 8.

        Returns
        -------
        ndarray of float32, shape ``(T, Z (M + 2))``
            Per turn the last Z frames ``[w, x_0, .., x_(M-1), k]``, oldest first, -1 for frames
            before the first turn. w is -1 at the first turn, else whether the previous turn ran in
            the cloud; x are its uploads; k is the task of the frame's turn.

        Raises
        ------
        InputError
            If ``dialogue`` or ``span`` is out of range.
        """
        flat = self.native.observations(dialogue, span)
        return flat.reshape(-1, span * (len(self.space.modalities) + 2))

    def select(self, dialogues: Sequence[int]) -> OfflineDataset:
        """Return the dialogues with the given indices, in that order.

        Parameters
        ----------
        dialogues
            Indices, each in ``0..len(self) - 1``; they may repeat.

        Returns
        -------
        OfflineDataset
            Those dialogues over the same actions and tasks.

        Raises
        ------
        InputError
            If an index is out of range.
        """
        return self._wrap(self.space, self.tasks, self.native.select(list(dialogues)))

    def train_test_split(
        self, test: float = 0.2, seed: int = 0
    ) -> tuple[OfflineDataset, OfflineDataset]:
        """Shuffle and split by dialogue.

        Parameters
        ----------
        test
            Share of the dialogues in the test set, in ``(0, 1)``.
        seed
            Seed of the shuffle.

        Returns
        -------
        tuple of OfflineDataset
            The training set and the test set.

        Raises
        ------
        InputError
            If one of the sets would be empty.
        """
        size = round(test * len(self))
        if not 0 < size < len(self):
            raise InputError(f"test: must leave both sets non-empty, got {test!r}")
        order = np.random.default_rng(seed).permutation(len(self)).tolist()
        return self.select(order[size:]), self.select(order[:size])


def generate(
    modalities: int, tasks: int, turns: int, dialogues: int = 10_000, seed: int = 0
) -> OfflineDataset:
    """Synthetic dialogues whose true means are known, as the TMO authors publish them.

    Parameters
    ----------
    modalities, tasks, turns
        Shape (M, K, T) of the problem; every dialogue has ``turns`` turns.
    dialogues
        Number of dialogues.
    seed
        Seed of the generator.

    Returns
    -------
    OfflineDataset
        Dialogues over modalities and tasks named by number.

    Raises
    ------
    InputError
        If the shape is out of range or ``dialogues`` is 0.

    Examples
    --------
    >>> data = generate(2, 3, 4, dialogues=10)
    >>> data.lengths
    [4, 4, 4, 4, 4, 4, 4, 4, 4, 4]

    Notes
    -----
    Tasks are uniform. A turn runs in the cloud with probability 0.5 and then uploads, with
    probability 0.7, a uniform subset of uniform size 1..M. With cum uploads so far in the dialogue,
    the current turn included, the score is Normal(0.7, 0.3) locally and Normal(1 + 0.1 cum, 0.3) in
    the cloud, clipped to [0, 2]. Associations are independent and uniform on [0.1, 0.5].
    """
    native = OffloadData.generate(modalities, tasks, turns, dialogues, seed)
    space = ActionSpace(tuple(f"modality {m}" for m in range(modalities)))
    return OfflineDataset._wrap(space, tuple(f"task {k}" for k in range(tasks)), native)

"""Learned policies: A2C, PPO and DQN, trained in Rust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from messplus._core import OffloadAgent, OffloadEnv
from messplus._files import replacing
from messplus.exceptions import StateError

from .budget import UNLIMITED, Budget
from .reward import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .costs import CostTable
    from .dialogues import OfflineDataset
    from .estimator import KnnEstimator
    from .reward import RewardWeights

Algorithm = Literal["a2c", "ppo", "dqn"]
Constraint = Literal["none", "observe", "lagrangian", "mask"]
History = Literal["logged", "on_policy"]

ENVIRONMENTS = 8
"""Conversations played side by side during training."""


class Agent:
    """A trained policy: of the allowed actions, the one its network scores best.

    Made by :func:`train` or :meth:`load`; played by :func:`evaluate`.
    """

    def __init__(self, native: OffloadAgent) -> None:
        self.native = native

    @property
    def algorithm(self) -> str:
        """``a2c``, ``ppo`` or ``dqn``."""
        return self.native.algorithm

    def save(self, path: str | Path) -> None:
        """Write a policy file: complete or not at all.

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
            file.write(self.native.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Agent:
        """Read a policy file.

        Parameters
        ----------
        path
            A file written by :meth:`save`.

        Returns
        -------
        Agent
            The agent, with its algorithm and what it was trained for.

        Raises
        ------
        OSError
            If the file cannot be read.
        StateError
            If the file is damaged or not a policy.
        StateVersionError
            If it has a format this version does not read.
        """
        try:
            return cls(OffloadAgent.from_bytes(Path(path).read_bytes()))
        except StateError as error:
            raise type(error)(f"{path}: {error}") from None


def train(
    algorithm: Algorithm,
    data: OfflineDataset,
    estimator: KnnEstimator,
    costs: CostTable,
    *,
    steps: int = 30_000,
    seed: int = 0,
    constraint: Constraint = "none",
    budget: Budget = UNLIMITED,
    random_budgets: bool | None = None,
    history: History = "on_policy",
    weights: RewardWeights = DEFAULT_WEIGHTS,
    progress: Callable[[int], object] | None = None,
) -> Agent:
    """Train an agent on logged dialogues, without calling a model.

    Parameters
    ----------
    algorithm
        ``a2c``, ``ppo`` or ``dqn``.
    data
        Dialogues that are played; their tasks and associations are used.
    estimator
        Source of the response scores.
    costs
        Latency and cost by level.
    steps
        Number of turns to play; the last round of turns is completed.
    seed
        Seed of everything drawn: the same arguments give the same agent, bit for bit.
    constraint
        How budgets act during training. ``none``: not at all. With all others, the observation
        tells what is left of them. ``observe``: turns after an overrun earn 0. ``lagrangian``: each
        turn pays for the overrun it adds, at prices raised by dual ascent. ``mask``: actions that
        do not fit are forbidden; only this one rules overruns out, and the resource-constrained
        (RC) agents of this library are trained with it.
    budget
        Budgets of every conversation, unless they are drawn.
    random_budgets
        Whether to draw each conversation's budgets, so that the agent can serve budgets it has not
        seen; by default, whenever the observation tells what is left of them.
    history
        ``on_policy``: the agent sees its own past actions, as it will in use. ``logged``: it sees
        those of the behaviour policy, as TMO trains.
    weights
        Reward weights.
    progress
        Called now and then with the number of turns played; an exception stops the training.

    Returns
    -------
    Agent
        The greedy policy that was learned.

    Raises
    ------
    InputError
        If a name is unknown, ``steps`` is 0, or costs, data and estimator are not for the same
        modalities.

    Examples
    --------
    >>> from messplus.offload import Budget, CostTable, KnnEstimator, evaluate, generate, train
    >>> data, costs = generate(2, 2, 3, dialogues=100), CostTable.synthetic(2)
    >>> estimator = KnnEstimator(data)
    >>> agent = train("a2c", data, estimator, costs, steps=400, constraint="mask")
    >>> budget = Budget(latency=6.0, cost=0.01)
    >>> evaluate(agent, data, estimator, costs, budget, masked=True).violation_rate
    0.0
    """
    env = OffloadEnv(
        data.native,
        estimator.native,
        costs.as_tuple(),
        weights.as_tuple(),
        budget.as_tuple(),
        constraint != "none" if random_budgets is None else random_budgets,
        constraint,
        history,
        ENVIRONMENTS,
        seed,
    )
    return Agent(OffloadAgent.train(algorithm, env, steps, seed, progress))

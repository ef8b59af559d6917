"""Learned policies: A2C, PPO and DQN, trained in Rust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from messplus._core import OffloadAgent, OffloadEnv
from messplus._files import replacing
from messplus.exceptions import StateError

from .budget import UNLIMITED, Budget
from .reward import RewardWeights

if TYPE_CHECKING:
    from collections.abc import Callable

    from .costs import CostTable
    from .dialogues import OfflineDataset
    from .estimator import KnnEstimator

Algorithm = Literal["a2c", "ppo", "dqn"]
Constraint = Literal["none", "observe", "lagrangian", "mask"]
History = Literal["logged", "on_policy"]

ENVIRONMENTS = 8
"""Conversations played side by side during training."""


class Agent:
    """A trained policy: the network's best action among those allowed.

    Made by :func:`train` or :meth:`load`.
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
            The file; one that is there is replaced.
        """
        with replacing(path) as file:
            file.write(self.native.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Agent:
        """Read a policy file.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Agent
            The agent.

        Raises
        ------
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
    weights: RewardWeights | None = None,
    progress: Callable[[int], object] | None = None,
) -> Agent:
    """Train an agent on logged dialogues; no model is called.

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
        Turns played, about.
    seed
        Seed of everything drawn: same seed, same agent, bit for bit.
    constraint
        How budgets act during training. ``none``: not at all. ``observe``: what is left is in the
        observation, and turns after an overrun earn 0. ``lagrangian``: likewise, but each turn pays
        for the overrun it adds, at prices raised by dual ascent. ``mask``: what is left is in the
        observation, and actions that do not fit are forbidden; only this one rules overruns out,
        and the resource-constrained (RC) forms of this library use it.
    budget
        Budgets of every conversation, unless drawn.
    random_budgets
        Draw each conversation's budgets, so that the agent serves budgets it has not seen; by
        default whenever they are part of the observation.
    history
        ``on_policy``: the agent sees its own past actions, as it will when it runs. ``logged``: it
        sees those of the behaviour policy, as in the reference's training.
    weights
        Reward weights.
    progress
        Called with the number of turns played, now and then; an exception stops the training.

    Returns
    -------
    Agent
        The trained agent.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    """
    env = OffloadEnv(
        data.native,
        estimator.native,
        costs.as_tuple(),
        (weights or RewardWeights()).as_tuple(),
        budget.as_tuple(),
        constraint != "none" if random_budgets is None else random_budgets,
        constraint,
        history,
        ENVIRONMENTS,
        seed,
    )
    return Agent(OffloadAgent.train(algorithm, env, steps, seed, progress))

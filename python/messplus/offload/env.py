"""Gymnasium environments over logged dialogues; needs the extra ``gym``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from messplus._core import OffloadEnv as NativeEnv
from messplus._optional import require

from .budget import UNLIMITED, Budget
from .reward import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from .agents import Constraint, History
    from .costs import CostTable
    from .dialogues import OfflineDataset
    from .estimator import KnnEstimator
    from .reward import RewardWeights

gymnasium: Any = require("gymnasium", "gym")


class OffloadEnv(gymnasium.Env):  # type: ignore[misc]
    """One conversation after another, rewarded by the response estimator.

    An observation is the last Z frames (:meth:`OfflineDataset.observations`), then the remaining
    share of the latency and of the cost budget: 1 for an unlimited one, negative after an overrun.
    An action is an index of the action space. ``info`` holds the components of the reward, and
    ``action_mask``, the actions that may be taken next: all of them, unless ``constraint`` is
    ``"mask"``.

    Parameters
    ----------
    data, estimator, costs, weights, budget, constraint, history
        As for :func:`messplus.offload.train`.
    random_budgets
        Whether to draw each conversation's budgets.

    Raises
    ------
    InputError
        As :func:`messplus.offload.train`.
    MissingDependencyError
        When the module is imported without Gymnasium.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own type

    def __init__(
        self,
        data: OfflineDataset,
        estimator: KnnEstimator,
        costs: CostTable,
        *,
        constraint: Constraint = "none",
        budget: Budget = UNLIMITED,
        random_budgets: bool = False,
        history: History = "on_policy",
        weights: RewardWeights = DEFAULT_WEIGHTS,
    ) -> None:
        self._settings = (
            data.native,
            estimator.native,
            costs.as_tuple(),
            weights.as_tuple(),
            budget.as_tuple(),
            random_budgets,
            constraint,
            history,
        )
        self._env = NativeEnv(*self._settings, n=1, seed=0)
        self._width = estimator.span * (len(data.space.modalities) + 2)
        size = self._width + 2
        high = np.full(size, max(1.0, len(data.tasks) - 1), dtype=np.float32)
        low = np.full(size, -1.0, dtype=np.float32)
        low[-2:], high[-2:] = -np.inf, 1.0
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(data.space))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        """Start a conversation.

        Parameters
        ----------
        seed
            Starts a new stream of drawn dialogues and budgets.
        options
            ``dialogue``: index of the dialogue to play, and ``budget``: its :class:`Budget`.

        Returns
        -------
        tuple
            The first observation, a float32 array, and ``info`` with its ``action_mask``.

        Raises
        ------
        InputError
            If there is no such dialogue.
        """
        super().reset(seed=seed)
        if seed is not None:
            self._env = NativeEnv(*self._settings, n=1, seed=seed)
        chosen = options or {}
        budget = chosen.get("budget")
        self._env.reset(0, chosen.get("dialogue"), None if budget is None else budget.as_tuple())
        return self._env.observation(0), {"action_mask": self._env.action_mask(0)}

    def step(
        self, action: int
    ) -> tuple[npt.NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Run one turn.

        Parameters
        ----------
        action
            Index of the action.

        Returns
        -------
        tuple
            Observation (-1 everywhere after the last turn), reward, whether the conversation has
            ended, whether it was cut short (never), and ``info``.

        Raises
        ------
        InputError
            If there is no such action.
        FeedbackError
            If the action is forbidden.
        """
        reward, response, association, latency, cost, done = self._env.step(0, int(action))
        info: dict[str, Any] = {
            "response": response,
            "association": association,
            "latency": latency,
            "cost": cost,
        }
        if done:
            observation = np.full(self._width + 2, -1.0, dtype=np.float32)
        else:
            observation = self._env.observation(0)
            info["action_mask"] = self._env.action_mask(0)
        return observation, reward, done, False, info

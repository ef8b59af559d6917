"""Evaluation of a policy over whole dialogues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from messplus._core import offload_best_reachable_reward, offload_evaluate
from messplus.exceptions import InputError

from .agents import Agent
from .reward import DEFAULT_WEIGHTS
from .router import OffloadRouter

if TYPE_CHECKING:
    from .budget import Budget
    from .costs import CostTable
    from .dialogues import OfflineDataset
    from .estimator import KnnEstimator
    from .reward import RewardWeights


Baseline = Literal["uniform_cloud", "random", "myopic_greedy"]
"""Policies that learn nothing."""

Policy = int | Baseline | Agent | OffloadRouter
"""What :func:`evaluate` plays; a number is the index of a fixed action."""


@dataclass(frozen=True)
class Evaluation:
    """Means over dialogues.

    Attributes
    ----------
    response, association, reward
        Estimated response score, raw association mass uploaded, and reward, per turn.
    true_reward
        Reward per turn with the true mean responses of :func:`generate`; 0 if not asked for.
    latency, cost
        Seconds and USD per dialogue, over all its turns.
    window_latency, window_cost
        The published totals: over the last ``span + 1`` turns of a dialogue only.
    latency_violation, cost_violation
        The published violations: mean excess, by the published totals, of the dialogues over the
        budget, with one further 0 if the first dialogue is within it.
    violation_rate
        Share of dialogues over either budget, by complete totals.
    latency_excess, cost_excess
        Mean seconds and USD over budget over all dialogues, by complete totals.
    levels
        Turns at each cost level: local, cloud with 0, 1, .., M modalities.
    task_reward
        Reward per turn of each task.
    dialogue_reward
        Reward per turn of each dialogue.
    """

    response: float
    association: float
    reward: float
    true_reward: float
    latency: float
    cost: float
    window_latency: float
    window_cost: float
    latency_violation: float
    cost_violation: float
    violation_rate: float
    latency_excess: float
    cost_excess: float
    levels: list[int]
    task_reward: list[float]
    dialogue_reward: list[float]


def evaluate(
    policy: Policy,
    data: OfflineDataset,
    estimator: KnnEstimator,
    costs: CostTable,
    budget: Budget,
    weights: RewardWeights = DEFAULT_WEIGHTS,
    *,
    masked: bool = False,
    true_means: bool = False,
    seed: int = 0,
) -> Evaluation:
    """Play every dialogue once; the policy sees its own past actions.

    Parameters
    ----------
    policy
        Index of a fixed action; ``"uniform_cloud"``, ``"random"`` (local with probability 0.5, else
        a uniform cloud action) or ``"myopic_greedy"`` (best estimated reward of the turn, within
        the budgets); an :class:`Agent`; or an :class:`OffloadRouter`, of which a copy is used.
    data
        Dialogues to play.
    estimator
        Source of the response scores.
    costs
        Latency and cost by level.
    budget
        Limits of every conversation.
    weights
        Reward weights.
    masked
        Keep an agent within the budgets by forbidding what does not fit.
    true_means
        Score by the true means of :func:`generate` as well; the data must come from it.
    seed
        Seed of the policies that draw.

    Returns
    -------
    Evaluation
        Means over the dialogues.

    Raises
    ------
    InputError
        If the policy is unknown or was made for another problem, or if costs, data and estimator
        are not for the same modalities.

    Examples
    --------
    >>> from messplus.offload import UNLIMITED, CostTable, KnnEstimator, evaluate, generate
    >>> data, costs = generate(2, 2, 3, dialogues=100), CostTable.synthetic(2)
    >>> local = evaluate(0, data, KnnEstimator(data), costs, UNLIMITED)
    >>> local.levels
    [300, 0, 0, 0]
    """
    native: Any = policy.native if isinstance(policy, Agent | OffloadRouter) else policy
    if isinstance(native, bool) or (isinstance(native, int) and native < 0):
        raise InputError(f"policy: must be an action index >= 0, got {native!r}")
    metrics = offload_evaluate(
        native,
        masked,
        data.native,
        estimator.native,
        costs.as_tuple(),
        weights.as_tuple(),
        budget.as_tuple(),
        true_means,
        seed,
    )
    return Evaluation(**metrics)


def best_reachable_reward(
    data: OfflineDataset, budget: Budget, weights: RewardWeights = DEFAULT_WEIGHTS
) -> float:
    """Best reward that any policy can reach within the budgets on synthetic dialogues.

    Parameters
    ----------
    data
        Dialogues of :func:`generate`.
    budget
        Limits of every conversation.
    weights
        Reward weights.

    Returns
    -------
    float
        Mean reward per turn, responses by their true means. An upper bound on every policy that
        sees one turn at a time: it knows the associations of later turns in advance.

    Notes
    -----
    Exact backward induction, dialogue by dialogue, over the numbers of cloud turns and of uploads.
    """
    return offload_best_reachable_reward(data.native, weights.as_tuple(), budget.as_tuple())

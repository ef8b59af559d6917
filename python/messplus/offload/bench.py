"""The benchmark behind ``messplus offload bench``: our agents beside the published rows."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from .agents import train
from .budget import Budget
from .costs import CostTable
from .dialogues import generate
from .estimator import KnnEstimator
from .evaluation import Evaluation, best_reachable_reward, evaluate
from .router import OffloadRouter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .agents import Algorithm, Constraint
    from .dialogues import OfflineDataset
    from .evaluation import Baseline, Policy
    from .published import Configuration

AGENTS = (
    "local",
    "cloud",
    "random",
    "a2c",
    "rc-a2c",
    "ppo",
    "rc-ppo",
    "dqn",
    "rc-dqn",
    "default",
)
BUDGET = Budget(latency=30.0, cost=0.05)
UNSEEN_BUDGETS = (
    BUDGET,
    Budget(latency=15.0, cost=0.025),
    Budget(latency=8.0, cost=0.01),
    Budget(latency=3.0, cost=0.005),
)
FIXED: dict[str, int | Baseline] = {"local": 0, "cloud": "uniform_cloud", "random": "random"}


@dataclass(frozen=True)
class Run:
    """One seed of one configuration.

    Attributes
    ----------
    best
        Best reachable reward.
    agents
        Evaluation of each agent under :data:`BUDGET`.
    budgets
        Evaluations of the constrained agents under each of :data:`UNSEEN_BUDGETS`.
    train_s, evaluate_s
        Processor seconds of the run's thread, per agent.
    """

    best: float
    agents: dict[str, Evaluation]
    budgets: dict[str, list[Evaluation]]
    train_s: dict[str, float]
    evaluate_s: dict[str, float]


@dataclass(frozen=True)
class Plan:
    """What to run.

    Parameters
    ----------
    configurations
        Published configurations.
    agents
        Names among :data:`AGENTS`.
    seeds
        Each is the seed of a data set and of the agents trained on it.
    dialogues
        Dialogues per data set.
    steps
        Training turns per agent.
    jobs
        Runs at a time, each in a thread of its own.
    """

    configurations: Sequence[Configuration]
    agents: Sequence[str]
    seeds: Sequence[int]
    dialogues: int = 10_000
    steps: int = 30_000
    jobs: int = 1


def run(plan: Plan, progress: Callable[[int], None]) -> dict[str, Any]:
    """Run a plan.

    Parameters
    ----------
    plan
        What to run.
    progress
        Called with the number of finished runs; a run is one seed of one configuration.

    Returns
    -------
    dict
        ``configs``: one record per configuration with ``name``, ``modalities``, ``tasks``,
        ``turns``, ``best_reachable_reward`` and ``agents``. All plain numbers, ready for JSON.
    """
    tasks = [(config, seed) for config in plan.configurations for seed in plan.seeds]
    runs: list[Run] = []
    with ThreadPoolExecutor(plan.jobs) as pool:
        for outcome in pool.map(lambda task: _run(plan, *task), tasks):
            runs.append(outcome)
            progress(len(runs))
    size = len(plan.seeds)
    return {
        "units": {"latency": "s", "usage": "0.001 USD", "reward": "per turn"},
        "settings": {
            "seeds": list(plan.seeds),
            "dialogues": plan.dialogues,
            "training_steps": plan.steps,
            "budget": {"latency": BUDGET.latency, "usage": 1e3 * BUDGET.cost},
        },
        "configs": [
            _record(config, runs[i * size : (i + 1) * size])
            for i, config in enumerate(plan.configurations)
        ],
    }


def _run(plan: Plan, config: Configuration, seed: int) -> Run:
    data = generate(config.modalities, config.tasks, config.turns, plan.dialogues, seed)
    estimator = KnnEstimator(data)
    costs = CostTable.synthetic(config.modalities)
    agents: dict[str, Evaluation] = {}
    budgets: dict[str, list[Evaluation]] = {}
    train_s: dict[str, float] = {}
    evaluate_s: dict[str, float] = {}
    for name in plan.agents:
        started = time.thread_time()
        policy = _policy(name, data, estimator, costs, plan, seed)
        train_s[name] = time.thread_time() - started

        score = partial(
            evaluate,
            policy,
            data,
            estimator,
            costs,
            masked=name.startswith("rc-"),
            true_means=True,
            seed=seed,
        )
        started = time.thread_time()
        agents[name] = score(BUDGET)
        evaluate_s[name] = time.thread_time() - started
        if name.startswith("rc-") or name == "default":
            budgets[name] = [agents[name], *(score(budget) for budget in UNSEEN_BUDGETS[1:])]
    return Run(best_reachable_reward(data, BUDGET), agents, budgets, train_s, evaluate_s)


def _policy(
    name: str,
    data: OfflineDataset,
    estimator: KnnEstimator,
    costs: CostTable,
    plan: Plan,
    seed: int,
) -> Policy:
    if name in FIXED:
        return FIXED[name]
    if name == "default":
        turns = max(data.lengths)
        return OffloadRouter(data.space, data.tasks, costs, max_turns=turns).fit(data)
    constraint: Constraint = "mask" if name.startswith("rc-") else "none"
    algorithm = cast("Algorithm", name.removeprefix("rc-"))
    return train(
        algorithm, data, estimator, costs, steps=plan.steps, seed=seed, constraint=constraint
    )


def _record(config: Configuration, runs: Sequence[Run]) -> dict[str, Any]:
    best = statistics.fmean(run.best for run in runs)
    return {
        "name": config.name,
        "modalities": config.modalities,
        "tasks": config.tasks,
        "turns": config.turns,
        "best_reachable_reward": best,
        "agents": {
            name: {
                **_row([run.agents[name] for run in runs]),
                "share_of_best": statistics.fmean(
                    run.agents[name].true_reward / run.best for run in runs
                ),
                "train_s": statistics.fmean(run.train_s[name] for run in runs),
                "evaluate_s": statistics.fmean(run.evaluate_s[name] for run in runs),
            }
            for name in runs[0].agents
        },
        "published": {name: vars(row) for name, row in config.rows.items()},
        "budgets": [
            {
                "latency": budget.latency,
                "usage": 1e3 * budget.cost,
                "agents": {
                    name: _row([run.budgets[name][i] for run in runs]) for name in runs[0].budgets
                },
            }
            for i, budget in enumerate(UNSEEN_BUDGETS)
        ],
    }


def _row(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Means over seeds; the violation rate is the worst one."""

    def mean(field: str) -> float:
        return statistics.fmean(getattr(evaluation, field) for evaluation in evaluations)

    rewards = [evaluation.reward for evaluation in evaluations]
    return {
        "response": mean("response"),
        "latency": mean("window_latency"),
        "usage": 1e3 * mean("window_cost"),
        "reward": mean("reward"),
        "latency_violation": mean("latency_violation"),
        "usage_violation": 1e3 * mean("cost_violation"),
        "reward_sd": statistics.stdev(rewards) if len(rewards) > 1 else 0.0,
        "true_reward": mean("true_reward"),
        "total_latency": mean("latency"),
        "total_usage": 1e3 * mean("cost"),
        "violation_rate": max(evaluation.violation_rate for evaluation in evaluations),
    }

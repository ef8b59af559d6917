"""Policies that learn, on simulated worlds: what they would have cost, with what is not known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from messplus import config
from messplus._core import replay
from messplus.agreement import SLA
from messplus.models import Model
from messplus.state import core_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from messplus.policy_names import Learner

    from .heads import Array
    from .request_log import RequestLog
    from .simulator import Simulator, World

# Simulated requests that are worth their time, and the number of worlds within reason.
_REQUESTS = 6_000_000
_WORLDS = (6, 24)
# Ratings come at once: nothing has to be remembered for long.
_PENDING = 64
_NONE = np.empty(0, np.uint32)


@dataclass(frozen=True)
class LearningRuns:
    """One policy at one target, in B worlds.

    Attributes
    ----------
    satisfaction, cost
        Means per request, ``[B]``.
    choices
        How often each model was chosen for each request of the log, ``[n, M]``, relative to all.
    """

    satisfaction: Array
    cost: Array
    choices: Array


def number_of_worlds(n_requests: int, n_runs: int) -> int:
    """How many worlds are drawn for ``n_runs`` policies and targets."""
    return int(np.clip(_REQUESTS // max(n_requests * n_runs, 1), *_WORLDS))


def run_learners(
    log: RequestLog,
    simulator: Simulator,
    asked: Sequence[tuple[Learner, float]],
    seed: int,
    mean_cost: Array,
    progress: Callable[[int], None],
    worlds: int,
) -> list[LearningRuns]:
    """Run policies through the same worlds, on all cores.

    Parameters
    ----------
    log
        The log.
    simulator
        Draws worlds from it.
    asked
        Policies and targets.
    seed
        Of the worlds, and of the policies within them.
    mean_cost
        What the policies are told that a model costs, ``[M]``.
    progress
        Called with the number of worlds that are done.
    worlds
        How many.

    Returns
    -------
    list of LearningRuns
        In the order asked for.
    """
    features = np.ascontiguousarray(log.features)

    def one(number: int) -> list[tuple[float, float, Array]]:
        world = simulator.draw(np.random.default_rng([seed, number]))
        found = []
        for learner, target in asked:
            seen = features[:, :0] if learner.blind else features
            settings = _settings(log, learner, target, mean_cost, number)
            model, satisfaction, cost = _run(settings, np.ascontiguousarray(seen), world)
            cells = world.order.astype(np.intp) * len(log.models) + model
            counts = np.bincount(cells, minlength=world.scores.size)
            choices = counts.reshape(world.scores.shape) / len(model)
            found.append((float(satisfaction.mean()), float(cost.mean()), choices))
        return found

    totals = [np.zeros((len(log), len(log.models))) for _ in asked]
    results = np.empty((2, len(asked), worlds))
    with ThreadPoolExecutor() as pool:
        futures = {pool.submit(one, number): number for number in range(worlds)}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                for place, (satisfaction, cost, choices) in enumerate(future.result()):
                    results[:, place, futures[future]] = satisfaction, cost
                    totals[place] += choices / worlds
                progress(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [
        LearningRuns(results[0, place], results[1, place], total)
        for place, total in enumerate(totals)
    ]


def _run(
    settings: str, features: npt.NDArray[np.float32], world: World
) -> tuple[Array, Array, Array]:
    (model, satisfaction, cost, *_), _, _ = replay(
        settings,
        features,
        _NONE,
        world.scores,
        world.costs,
        world.order,
        world.rated,
        0,
        _NONE,
        _NONE,
    )
    return model, satisfaction, cost


def _settings(log: RequestLog, learner: Learner, target: float, mean_cost: Array, seed: int) -> str:
    models = [Model(name, float(cost)) for name, cost in zip(log.models, mean_cost, strict=True)]
    settings = config.validate(
        {
            "models": models,
            "sla": SLA(target),
            "policy": learner.policy,
            "seed": seed,
            "pending_capacity": _PENDING,
        }
    )
    return core_config.write(settings, 0 if learner.blind else log.features.shape[1])

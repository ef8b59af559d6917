"""Replay policies over a table of outcomes and account for what they did."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from messplus import config
from messplus._core import replay as _replay
from messplus.agreement import SLA
from messplus.exceptions import ConfigError
from messplus.featurizers.chat import estimate_tokens
from messplus.policy_names import Learner
from messplus.state import core_config

from .baselines import backlog, draw_models
from .bounds import Bounds
from .draws import Use, generator
from .drift import Drift
from .policies import Baseline
from .priors import Priors
from .streams import Stream, arrivals, ratings
from .tables import Table

_PENDING = 16_384


@dataclass(frozen=True)
class Problem:
    """What every policy of a replay is given.

    Attributes
    ----------
    table
        Outcomes of n requests.
    features
        Features of the prompts, ``float32 [n, k]``.
    target
        Satisfaction rate to hold, in (0, 1].
    bounds
        The bounds of this table and target.
    stream
        Order of arrival.
    feedback_rate
        Probability that a request gets rated.
    feedback_delay
        Requests decided between a decision and its rating.
    priors
        What the routers are told before the first request.
    drift
        What changes on the way, if anything.
    epsilon
        Share of the requests that policies that learn give to a model drawn uniformly.
    """

    table: Table
    features: npt.NDArray[np.float32]
    target: float
    bounds: Bounds
    stream: Stream = "shuffle"
    feedback_rate: float = 1.0
    feedback_delay: int = 0
    priors: Priors = field(default_factory=Priors)
    drift: Drift | None = None
    epsilon: float = 0.0


@dataclass(frozen=True)
class Run:
    """One policy over one stream of T requests.

    Attributes
    ----------
    seed
        Seed of the stream, the ratings and the policy's draws.
    model
        Index of the model that served each request, ``uint8 [T]``.
    satisfaction
        Recorded satisfaction with it, rated or not, ``float64 [T]``.
    cost
        Cost of each step, models queried for learning included, ``float64 [T]``.
    explored
        Requests drawn for exploration, ``bool [T]``.
    backlog
        Virtual queue after each step, ``float64 [T]``.
    propensity
        Probability with which the model was to serve, ``float64 [T]``; NaN for baselines.
    final_backlog
        Virtual queue once every rating has arrived.
    core_seconds
        Time spent in the Rust loop; ``None`` for baselines, which have none.
    """

    seed: int
    model: npt.NDArray[np.uint8]
    satisfaction: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]
    explored: npt.NDArray[np.bool_]
    backlog: npt.NDArray[np.float64]
    propensity: npt.NDArray[np.float64]
    final_backlog: float
    core_seconds: float | None


def run(
    problem: Problem,
    policy: Learner | Baseline,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Replay one policy with one seed.

    Parameters
    ----------
    problem
        Outcomes, target and stream.
    policy
        What routes.
    seed
        The same seed gives every policy the same stream and the same ratings.
    progress
        Called now and then with the number of requests decided.

    Raises
    ------
    ConfigError
        If a setting of the policy or the problem breaks its rule.
    """
    table = problem.table
    if problem.feedback_delay < 0:
        raise ConfigError(f"feedback_delay: must be >= 0, got {problem.feedback_delay}")
    past = problem.priors.logged_data(table, seed)
    order = arrivals(table, problem.stream, seed)
    order = order[~np.isin(order, past.rows)]
    if problem.drift:
        table = problem.drift.apply(table, order, seed)
    if isinstance(policy, Baseline):
        return _run_baseline(problem, policy, seed, table, order)
    rated = ratings(len(order), problem.feedback_rate, seed)
    features = problem.features[:, :0] if policy.blind else problem.features
    (model, satisfaction, cost, explored, queue, propensity), final_backlog, seconds = _replay(
        _core_config(problem, policy, seed, features.shape[1]),
        np.ascontiguousarray(features),
        _input_tokens(problem),
        table.scores,
        table.costs,
        order,
        rated,
        problem.feedback_delay,
        past.rows,
        past.models,
        progress,
    )
    return Run(seed, model, satisfaction, cost, explored, queue, propensity, final_backlog, seconds)


def _core_config(problem: Problem, policy: Learner, seed: int, n_features: int) -> str:
    table = problem.table
    settings = config.validate(
        {
            "models": problem.priors.models(table),
            "sla": SLA(problem.target),
            "policy": policy.policy,
            "seed": seed,
            "epsilon": problem.epsilon,
            "pending_capacity": max(_PENDING, min(problem.feedback_delay + 1, len(table))),
        }
    )
    return core_config.write(settings, n_features)


def _input_tokens(problem: Problem) -> npt.NDArray[np.uint32]:
    # Only prices per token look at them.
    prompts = [] if isinstance(problem.priors.prices, str) else problem.table.prompts
    return np.array([estimate_tokens(prompt) for prompt in prompts], np.uint32)


def _run_baseline(
    problem: Problem, policy: Baseline, seed: int, table: Table, order: npt.NDArray[np.uint32]
) -> Run:
    rated = ratings(len(order), problem.feedback_rate, seed)
    rng = generator(seed, Use.BASELINE)
    model = draw_models(policy.weights(problem.bounds), table, order, rng)
    satisfaction = table.scores[order, model]
    queue = backlog(satisfaction, rated, problem.target)
    return Run(
        seed=seed,
        model=model.astype(np.uint8),
        satisfaction=satisfaction,
        cost=table.costs[order, model],
        explored=np.zeros(len(order), dtype=np.bool_),
        backlog=queue,
        propensity=np.full(len(order), np.nan),
        final_backlog=float(queue[-1]),
        core_seconds=None,
    )

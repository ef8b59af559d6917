"""Cost against satisfaction over a grid of targets."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from messplus._progress import Progress
from messplus.exceptions import ConfigError
from messplus.featurizers import Featurizer
from messplus.policy_names import Learner

from .bounds import Hindsight
from .evaluate import check_seeds, check_target, distinct
from .features import policy_features
from .policies import Baseline, parse_policy
from .priors import Priors
from .results import PolicyResult, ReplayResult
from .run import Problem, run
from .streams import Stream
from .tables import Table


@dataclass(frozen=True)
class SweepResult:
    """The same replay at every target of a grid.

    Attributes
    ----------
    problems
        One problem per target, in the order asked for; they differ in target and bounds.
    policies
        Per policy and target, what :meth:`PolicyResult.to_dict` says.
    """

    problems: Sequence[Problem]
    policies: Mapping[str, Sequence[dict[str, Any]]]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form: that of a replay, with a list over the targets where they differ."""
        found = [ReplayResult(problem, []).to_dict() for problem in self.problems]
        bounds = {name: [one["bounds"][name] for one in found] for name in found[0]["bounds"]}
        targets = [one["target"] for one in found]
        policies = {name: list(results) for name, results in self.policies.items()}
        return found[0] | {"target": targets, "bounds": bounds, "policies": policies}


def sweep(
    table: Table,
    *,
    targets: Sequence[float],
    policies: Sequence[str],
    seeds: int = 1,
    stream: Stream = "shuffle",
    feedback_rate: float = 1.0,
    feedback_delay: int = 0,
    tags: bool = False,
    featurizer: Featurizer | None = None,
    fit: int = 0,
    priors: Priors | None = None,
    epsilon: float = 0.0,
    workers: int | None = None,
) -> SweepResult:
    """Replay policies at every target, on all cores.

    Parameters
    ----------
    table, policies, seeds, stream, feedback_rate, feedback_delay, tags, featurizer, fit, priors,
    epsilon
        As for :func:`messplus.replay.replay`.
    targets
        Distinct satisfaction rates in (0, 1].
    workers
        Number of threads; the number of cores by default. The replay loop runs detached from the
        interpreter, so they do not wait for each other.

    Returns
    -------
    SweepResult
        Every policy at every target.

    Raises
    ------
    ConfigError
        If an argument or a setting of a policy breaks its rule.
    """
    check_seeds(seeds)
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: must be at least 1, got {workers}")
    if not targets or len(set(targets)) < len(targets):
        raise ConfigError(f"targets: must be distinct numbers, got {list(targets)}")
    for target in targets:
        check_target(target)
    candidates = [parse_policy(name, table) for name in distinct(policies)]
    hindsight = Hindsight(table, policy_features(table, tags=tags))
    problem = Problem(
        table=table,
        features=policy_features(table, tags=tags, featurizer=featurizer, fit=fit),
        target=targets[0],
        bounds=hindsight.at(targets[0]),
        stream=stream,
        feedback_rate=feedback_rate,
        feedback_delay=feedback_delay,
        priors=priors or Priors(),
        epsilon=epsilon,
    )
    problems = [replace(problem, target=target, bounds=hindsight.at(target)) for target in targets]
    with (
        ThreadPoolExecutor(workers or os.cpu_count()) as pool,
        Progress(len(problems) * len(candidates), "sweep") as progress,
    ):
        results = {
            candidate.name: [pool.submit(_summary, one, candidate, seeds) for one in problems]
            for candidate in candidates
        }
        try:
            for done, future in enumerate(as_completed(chain(*results.values())), start=1):
                future.result()
                progress.update(done)
        except BaseException:
            # An error or an interrupt: what has not begun is not worth waiting for.
            pool.shutdown(cancel_futures=True)
            raise
    return SweepResult(
        problems,
        {name: [future.result() for future in futures] for name, futures in results.items()},
    )


def _summary(problem: Problem, policy: Learner | Baseline, seeds: int) -> dict[str, Any]:
    # Traces end here: a fine grid of them would fill the memory.
    runs = [run(problem, policy, seed) for seed in range(seeds)]
    return PolicyResult(policy.name, runs, problem).to_dict()

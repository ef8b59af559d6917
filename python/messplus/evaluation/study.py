"""A log with everything that was fitted to it, and what it says about policies."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from messplus._progress import Progress

from . import intervals
from .candidates import Fixed, Known
from .estimators import ESTIMATORS, Outcome
from .intervals import Interval
from .learning import LearningRuns, number_of_worlds, run_learners
from .nuisances import FOLDS, fit_nuisances
from .overlap import examine
from .results import ModelOverlap, PolicyEstimate
from .simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from messplus.policy_names import Learner

    from .heads import Array
    from .request_log import RequestLog
    from .results import Kind

_NOTHING = Interval(None, None, None)


class Study:
    """A log with everything that was fitted to it.

    Parameters
    ----------
    log
        The log.
    seed
        Of all draws.

    Attributes
    ----------
    satisfaction, cost
        Outcomes as estimators see them.
    known
        What fixed policies are told.
    """

    def __init__(self, log: RequestLog, seed: int) -> None:
        self._log = log
        self._seed = seed
        self._nuisances = nuisances = fit_nuisances(log, np.random.default_rng([seed, 0]))
        self.satisfaction = Outcome(
            nuisances.satisfaction,
            log.satisfied,
            1.0 / (nuisances.propensity * nuisances.rated),
            log.model,
            log.sessions,
        )
        self.cost = Outcome(
            nuisances.cost,
            log.cost,
            1.0 / (nuisances.propensity * nuisances.costed),
            log.model,
            log.sessions,
        )
        self.known = Known(
            nuisances.satisfaction,
            nuisances.cost,
            self.satisfaction.scores(),
            self.cost.scores(),
        )

    def models(self) -> list[ModelOverlap]:
        """Count what the log has of each model."""
        log = self._log
        return [
            ModelOverlap(
                name,
                int((log.model == m).sum()),
                int((log.rated & (log.model == m)).sum()),
                float(self._nuisances.supported[:, m].mean()),
            )
            for m, name in enumerate(log.models)
        ]

    def logged(self) -> PolicyEstimate:
        """What was done: answers not rated, and costs not known, count as their like."""
        served = np.eye(len(self._log.models))[self._log.model]
        satisfaction, cost = (
            Outcome(
                outcome.predicted, outcome.observed, 1.0 / known, outcome.model, outcome.sessions
            ).estimate(served)[ESTIMATORS[0]]
            for outcome, known in (
                (self.satisfaction, self._nuisances.rated),
                (self.cost, self._nuisances.costed),
            )
        )
        rated = float(self._log.rated.sum())
        return PolicyEstimate(
            "logged", None, "logged", satisfaction, cost, rated, self._share(served), {}, ()
        )

    def choices(self, candidate: Fixed, target: float | None) -> Array:
        """Probabilities with which a fixed policy would call each model, ``[n, M]``.

        What it needs to know comes from the other folds of the log: a policy chosen by the very
        ratings that it is judged by seems better than it is.
        """
        policy = np.empty_like(self.known.cost)
        for rows, others, here in self._folds:
            policy[rows] = candidate.choose(others, here, 0.0 if target is None else target)
        return policy

    @cached_property
    def _folds(self) -> list[tuple[npt.NDArray[np.bool_], Known, Known]]:
        parts = [self._nuisances.fold == held_out for held_out in range(FOLDS)]
        return [(rows, self.known.of(~rows), self.known.of(rows)) for rows in parts]

    def fixed(self, candidate: Fixed, targets: Sequence[float]) -> Iterator[PolicyEstimate]:
        """Estimate a fixed policy, at every target if it has one."""
        for target in targets if candidate.has_target else [None]:
            policy = self.choices(candidate, target)
            by_estimator = {
                "satisfaction": self.satisfaction.estimate(policy),
                "cost": self.cost.estimate(policy),
            }
            satisfaction, cost = (found[ESTIMATORS[0]] for found in by_estimator.values())
            yield self._answer(
                candidate.name, target, "fixed", policy, satisfaction, cost, by_estimator
            )

    def learn(
        self, asked: Sequence[tuple[Learner, float]], worlds: int | None
    ) -> list[LearningRuns]:
        """Simulate the policies that learn."""
        if not asked:
            return []
        worlds = worlds or number_of_worlds(len(self._log), len(asked))
        simulator = Simulator(self._log, self._nuisances, self.satisfaction, self.cost)
        with Progress(worlds, "evaluate") as progress:
            return run_learners(
                self._log,
                simulator,
                asked,
                self._seed,
                self.known.mean_cost,
                progress.update,
                worlds,
            )

    def learned(self, learner: Learner, target: float, runs: LearningRuns) -> PolicyEstimate:
        """Sum up the simulations of a policy that learns."""
        return self._answer(
            learner.name,
            target,
            "learning",
            runs.choices * len(self._log),
            intervals.of_draws(runs.satisfaction),
            intervals.of_draws(runs.cost, positive=True),
            {},
        )

    def _answer(
        self,
        name: str,
        target: float | None,
        kind: Kind,
        policy: Array,
        satisfaction: Interval,
        cost: Interval,
        estimators: Mapping[str, Mapping[str, Interval]],
    ) -> PolicyEstimate:
        """Say what was estimated, or why it cannot be."""
        overlap = examine(self._log, self._nuisances, self.satisfaction, policy)
        if overlap.warnings:
            satisfaction, cost = overlap.bounds(self.satisfaction, policy), _NOTHING
        return PolicyEstimate(
            name,
            target,
            kind,
            _within(satisfaction, 0.0, 1.0),
            _within(cost, 0.0, np.inf),
            overlap.ratings,
            self._share(policy),
            estimators,
            overlap.warnings,
        )

    def _share(self, policy: Array) -> dict[str, float]:
        shares = policy.mean(axis=0).tolist()
        return dict(zip(self._log.models, shares, strict=True))


def _within(interval: Interval, low: float, high: float) -> Interval:
    """Keep an interval to what is possible."""
    return Interval(*(None if end is None else min(max(end, low), high) for end in interval))

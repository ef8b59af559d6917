"""Estimates beside the truth, for one log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from messplus.evaluation._threads import one_thread
from messplus.evaluation.candidates import Fixed, default_candidates, parse_candidate
from messplus.evaluation.study import Study

from .logs import Logging, MadeLog, Rated, make_log, routed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from messplus.evaluation.results import PolicyEstimate
    from messplus.replay.tables import Table

_WORLDS = 16
# Shares of requests and of the smallest propensity from which on overlap counts as there, or not.
_FAILS, _LEAST_RATED = 0.05, 30.0


class Case(NamedTuple):
    """One log to make and to evaluate."""

    table: str
    logging: Logging
    rated: Rated
    targets: Sequence[float]
    seed: int


def measure(
    case: Case, table: Table, features: npt.NDArray[np.float32], n: int
) -> list[dict[str, Any]]:
    """Evaluate every default policy on a log, and look up the truth.

    The truth of fixed policies is their mean over the table that requests are drawn from (of
    ``frozen:default``, whose choices are known for the log's requests alone, over these); that of
    the default policy is one run over the very requests of the log.
    """
    made = make_log(
        table,
        features,
        n,
        case.logging,
        case.rated,
        case.targets[-1],
        case.seed,
    )
    rows = []
    with one_thread():
        study = Study(made.log, case.seed)
        candidates = [parse_candidate(name, made.log) for name in default_candidates(made.log)]
        asked = [
            (candidate, target)
            for candidate in candidates
            if not isinstance(candidate, Fixed)
            for target in case.targets
        ]
        runs = iter(study.learn(asked, _WORLDS))
        for candidate in candidates:
            if not isinstance(candidate, Fixed):
                for target in case.targets:
                    found = study.learned(candidate, target, next(runs))
                    policy = _run(made, table, features, target, case.seed)
                    rows.append(_row(case, found, made, table, policy, of_log=True))
                continue
            for found in study.fixed(candidate, case.targets):
                policy = study.choices(candidate, found.target)
                of_log = candidate.name == "frozen:default"
                rows.append(_row(case, found, made, table, policy, of_log=of_log))
    return rows


def _run(
    made: MadeLog, table: Table, features: npt.NDArray[np.float32], target: float, seed: int
) -> npt.NDArray[np.float64]:
    rated = np.random.default_rng([seed, 8]).random(len(made.rows)) < made.rated
    model, _ = routed(table, features, made.rows, rated, target, seed + 10_000)
    return np.eye(len(table.models))[model]


def _row(
    case: Case,
    found: PolicyEstimate,
    made: MadeLog,
    table: Table,
    policy: npt.NDArray[np.float64],
    *,
    of_log: bool,
) -> dict[str, Any]:
    rows = made.rows if of_log else np.arange(len(table))
    weights = policy if of_log else policy.mean(axis=0)
    truth = [
        float((weights * outcome[rows]).sum(axis=1).mean())
        for outcome in (table.scores, table.costs)
    ]
    return {
        "table": case.table,
        "logging": case.logging,
        "rated": case.rated,
        "policy": found.policy,
        "target": found.target,
        "kind": found.kind,
        "estimate": found.satisfaction.estimate,
        "low": found.satisfaction.low,
        "high": found.satisfaction.high,
        "truth": truth[0],
        "cost": {**found.cost._asdict(), "truth": truth[1]},
        "ess": found.ratings,
        "warned": found.warned,
        "overlap": _overlap(case, made, policy),
    }


def _overlap(case: Case, made: MadeLog, policy: npt.NDArray[np.float64]) -> str:
    """Say from how the log was made whether it answers: ``holds``, ``few`` ratings, ``fails``."""
    n, log = len(made.rows), made.log
    chosen = policy[np.arange(n), log.model]
    if case.logging == "length":
        # What the rule would not have done is never seen.
        return "fails" if 1.0 - float(chosen.mean()) > _FAILS else "holds"
    # Inverse propensity weights of the ratings to expect.
    if log.propensity is None:
        raise ValueError("propensities: must be told where there are dice")
    weights = chosen / log.propensity
    size = float(weights.sum()) ** 2 / float((weights**2).sum()) if weights.any() else 0.0
    return "holds" if size * made.rated >= _LEAST_RATED else "few"

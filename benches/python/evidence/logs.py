"""Logs with one answer per request, made from tables that know every model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from messplus import SLA, Model, Policy, config
from messplus._core import replay
from messplus.evaluation.request_log import RequestLog
from messplus.state import core_config

if TYPE_CHECKING:
    import numpy.typing as npt

    from messplus.replay.tables import Table

#: Who routed: dice; the most expensive model, with 5 % of others; a rule on the length of the
#: prompt, which never asks two models the like; the default router itself, with an epsilon.
Logging = Literal["uniform", "large", "length", "router"]
LOGGINGS: tuple[Logging, ...] = ("uniform", "large", "length", "router")
OTHERS, EPSILON, AUDITED = 0.05, 0.05, 0.05
#: A share of the requests that gets rated; or ratings that come of bad answers rather than of
#: good ones, beside audits.
Rated = float | Literal["biased"]
_NONE = np.empty(0, np.uint32)


@dataclass(frozen=True)
class MadeLog:
    """A log and what it was made of.

    Attributes
    ----------
    log
        What an evaluation sees.
    rows
        Row of the table of each request, ``[n]``.
    rated
        Share of the requests with a trusted rating.
    """

    log: RequestLog
    rows: npt.NDArray[np.uint32]
    rated: float


def make_log(
    table: Table,
    features: npt.NDArray[np.float32],
    n: int,
    logging: Logging,
    rated: Rated,
    target: float,
    seed: int,
) -> MadeLog:
    """Draw ``n`` requests from a table, with replacement, and let one model answer each.

    ``target`` is that of the router, where it logs. Propensities are told where there are dice.
    """
    rng = np.random.default_rng([seed, 7])
    rows = rng.integers(0, len(table), n).astype(np.uint32)
    share = AUDITED if rated == "biased" else float(rated)
    trusted = rng.random(n) < share
    if logging == "router":
        model, told = routed(table, features, rows, trusted, target, seed, EPSILON)
        propensity: npt.NDArray[np.float64] | None = told
    else:
        chances = _chances(table, rows, logging)
        cumulative = chances.cumsum(axis=1)
        drawn = rng.random(n)[:, None] * cumulative[:, -1:]
        model = (cumulative <= drawn).sum(axis=1)
        propensity = None if logging == "length" else chances[np.arange(n), model]
    score, cost = table.scores[rows, model], table.costs[rows, model]
    sources: dict[str, tuple[float, int]] = {}
    if rated == "biased":
        user = ~trusted & (rng.random(n) < 0.4 - 0.3 * score)
        sources = {
            name: (float(score[by].mean()), int(by.sum()))
            for name, by in (("user", user), ("audit", trusted))
        }
    log = RequestLog(
        name=f"{table.path.parent.name}/{logging}/{rated}/{seed}",
        models=table.models,
        features=np.ascontiguousarray(features[rows]),
        model=model.astype(np.intp),
        satisfied=np.where(trusted, score, np.nan),
        cost=cost,
        propensity=propensity,
        sessions=None,
        sources=sources,
        trusted=("audit",) if sources else (),
    )
    return MadeLog(log, rows, share)


def _chances(
    table: Table, rows: npt.NDArray[np.uint32], logging: Logging
) -> npt.NDArray[np.float64]:
    n_models = len(table.models)
    if logging == "uniform":
        return np.full((len(rows), n_models), 1.0 / n_models)
    by_cost = np.argsort(table.mean_cost)
    if logging == "large":
        chances = np.full((len(rows), n_models), OTHERS / (n_models - 1))
        chances[:, by_cost[-1]] = 1.0 - OTHERS
        return chances
    length = np.array([len(prompt) for prompt in table.prompts])
    cuts = np.quantile(length, np.linspace(0.0, 1.0, n_models + 1)[1:-1])
    return np.eye(n_models)[by_cost[np.searchsorted(cuts, length[rows])]]


def routed(
    table: Table,
    features: npt.NDArray[np.float32],
    rows: npt.NDArray[np.uint32],
    rated: npt.NDArray[np.bool_],
    target: float,
    seed: int,
    epsilon: float = 0.0,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Let the default router route rows of a table; the model and its propensity, ``[n]`` each."""
    models = [
        Model(name, float(cost)) for name, cost in zip(table.models, table.mean_cost, strict=True)
    ]
    settings = config.given(models, SLA(target), Policy.default(), seed=seed, epsilon=epsilon)
    (model, *_, propensity), _, _ = replay(
        core_config.write(settings, features.shape[1]),
        features,
        _NONE,
        table.scores,
        table.costs,
        rows,
        rated,
        0,
        _NONE,
        _NONE,
    )
    return model.astype(np.intp), propensity

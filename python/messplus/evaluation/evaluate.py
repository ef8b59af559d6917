"""Estimate what policies would have brought on the requests of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus.exceptions import ConfigError

from ._threads import one_thread
from .candidates import Candidate, Fixed, default_candidates, parse_candidate
from .request_log import RequestLog, read_log
from .results import Evaluation
from .study import Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.logs.logged_data import LoggedData


def evaluate(
    log: LoggedData,
    *,
    targets: Sequence[float] = (),
    policies: Sequence[str] | None = None,
    models: Sequence[str] | None = None,
    trust: Sequence[str] | None = None,
    featurizer: AnyFeaturizer = None,
    worlds: int | None = None,
    seed: int = 0,
) -> Evaluation:
    """Estimate what policies would have brought, from a log with one answer per request.

    Parameters
    ----------
    log
        One row per answer: a ``.parquet``, ``.csv`` or ``.jsonl`` file, columns by name, records,
        or the log of a router. Columns: ``model``, ``satisfied``, ``cost``, ``prompt`` or
        ``features``; optionally ``propensity``, ``latency``, ``time``, ``id``, ``session``,
        ``source`` (of the rating) and ``tags``. See ``docs/evaluation.md``.
    targets
        Satisfaction rates in (0, 1] that policies are to hold.
    policies
        Names of policies; see :mod:`messplus.evaluation.candidates`. By default the library's own,
        learning and frozen, the best blind mixture, and every model alone.
    models
        The zoo; the models of the log by default.
    trust
        Sources whose ratings count: by default those of audits, where there are any.
    featurizer
        What policies see a prompt through; the embedded table by default.
    worlds
        Simulations per learning policy and target; as many as are worth their time by default.
    seed
        Of all draws: the same seed gives the same numbers.

    Returns
    -------
    Evaluation
        Estimates with 95 % intervals, and where the log cannot answer, why.

    Raises
    ------
    InputError
        If the log breaks a rule; the message names file, row, rule and value.
    ConfigError
        If a target or the name of a policy breaks its rule.

    Notes
    -----
    Two assumptions no data can check: given what is seen of a request, nothing that bears on its
    outcome decided which model served it, nor who rated. Randomisation makes the first true
    (``propensity``), audits the second (``source``).

    Examples
    --------
    >>> import random
    >>> import messplus
    >>> dice = random.Random(1)
    >>> log = [
    ...     {"prompt": f"number {n}", "model": name, "cost": cost, "satisfied": dice.random() < p}
    ...     for n in range(1000)
    ...     for name, cost, p in [dice.choice([("small", 1.0, 0.6), ("large", 9.0, 0.9)])]
    ... ]
    >>> found = messplus.evaluate(log, policies=["single:large"])
    >>> [row.policy for row in found.rows]
    ['logged', 'single:large']
    >>> found.rows[1].satisfaction.low < 0.9 < found.rows[1].satisfaction.high
    True
    """
    for target in targets:
        if not 0.0 < target <= 1.0:
            raise ConfigError(f"target: must be in (0, 1], got {target}")
    if len(set(targets)) < len(targets):
        raise ConfigError(f"target: must be distinct numbers, got {list(targets)}")
    if worlds is not None and worlds < 2:
        raise ConfigError(f"worlds: must be at least 2, got {worlds}")
    read = read_log(log, models=models, trust=trust, featurizer=featurizer)
    with one_thread():
        return evaluate_log(read, targets, policies, worlds, seed)


def evaluate_log(
    log: RequestLog,
    targets: Sequence[float],
    policies: Sequence[str] | None,
    worlds: int | None = None,
    seed: int = 0,
) -> Evaluation:
    """Evaluate on a log that has been read; parameters as for :func:`evaluate`."""
    candidates = [parse_candidate(name, log) for name in _names(log, targets, policies)]
    study = Study(log, seed)
    learners = [
        (candidate, target)
        for candidate in candidates
        if not isinstance(candidate, Fixed)
        for target in targets
    ]
    runs = iter(study.learn(learners, worlds))
    rows = [study.logged()]
    for candidate in candidates:
        rows += (
            study.fixed(candidate, targets)
            if isinstance(candidate, Fixed)
            else [study.learned(candidate, target, next(runs)) for target in targets]
        )
    return Evaluation(
        log=log.name,
        requests=len(log),
        rated=int(log.rated.sum()),
        propensities="estimated" if log.propensity is None else "logged",
        sources=log.sources,
        trusted=log.trusted,
        models=study.models(),
        rows=rows,
    )


def _names(
    log: RequestLog, targets: Sequence[float], policies: Sequence[str] | None
) -> Sequence[str]:
    if policies is None:
        return [
            name
            for name in default_candidates(log)
            if targets or _is_free(parse_candidate(name, log))
        ]
    if not policies or len(set(policies)) < len(policies):
        raise ConfigError(f"policies: must be distinct names, got {', '.join(policies) or 'none'}")
    for name in policies:
        if not targets and not _is_free(parse_candidate(name, log)):
            raise ConfigError(f"target: needed by {name}, got none")
    return [name for name in policies if name != "logged"]


def _is_free(candidate: Candidate) -> bool:
    return isinstance(candidate, Fixed) and not candidate.has_target

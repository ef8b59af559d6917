"""Replay several policies over one table."""

from collections.abc import Sequence

from messplus._progress import Progress
from messplus.exceptions import ConfigError
from messplus.featurizers import Featurizer

from .bounds import Hindsight
from .drift import parse_drift
from .features import policy_features
from .policies import parse_policy
from .priors import Priors
from .results import PolicyResult, ReplayResult
from .run import Problem, run
from .streams import Stream, arrivals
from .tables import Table


def replay(
    table: Table,
    *,
    target: float,
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
    drift: str | None = None,
) -> ReplayResult:
    r"""Find out what each policy would have cost on a table of outcomes.

    Parameters
    ----------
    table
        Outcomes of n requests; see :func:`load_table`.
    target
        Satisfaction rate to hold, in (0, 1].
    policies
        Names of policies; see :mod:`messplus.replay.policies`.
    seeds
        Number of seeds, 0 to ``seeds - 1``; every policy sees the same streams.
    stream
        Order of arrival: ``shuffle``, ``file``, or ``blocks`` of one source each.
    feedback_rate
        Probability that a request gets rated, in [0, 1].
    feedback_delay
        Requests decided between a decision and its rating.
    tags
        Whether the source of a request is given as a tag.
    featurizer
        What the policies see a prompt through; the embedded table by default.
    fit
        Prompts of the table that an encoder's axes are fitted to; random axes without.
    priors
        What the routers are told before the first request; the mean costs of the table by default.
    epsilon
        Share of the requests, in [0, 1], that policies that learn give to a model drawn uniformly:
        what that costs is the price of a log from which other policies can be evaluated.
    drift
        What changes on the way; see :func:`messplus.replay.drift.parse_drift`. The bounds are then
        those of the changed stream of seed 0, taken together.

    Returns
    -------
    ReplayResult
        Every policy beside the bounds.

    Raises
    ------
    ConfigError
        If an argument or a setting of a policy breaks its rule.

    Examples
    --------
    >>> from pathlib import Path
    >>> from messplus.replay import load_table, replay
    >>> header = "prompt,score:small,cost:small,score:large,cost:large\n"
    >>> rows = [f"question {n},{n % 2},1,1,9\n" for n in range(100)]
    >>> written = Path("outcomes.csv").write_text(header + "".join(rows))
    >>> result = replay(load_table("outcomes.csv"), target=0.75, policies=["paper", "random"])
    >>> result.problem.bounds.static_mix
    5.0
    >>> [policy.name for policy in result.policies]
    ['paper', 'random']
    """
    check_seeds(seeds)
    check_target(target)
    candidates = [parse_policy(name, table) for name in distinct(policies)]
    change = parse_drift(drift, table) if drift else None
    met = change.apply(table, arrivals(table, stream, 0), 0) if change else table
    problem = Problem(
        table=table,
        features=policy_features(table, tags=tags, featurizer=featurizer, fit=fit),
        target=target,
        bounds=Hindsight(met, policy_features(table, tags=tags)).at(target),
        stream=stream,
        feedback_rate=feedback_rate,
        feedback_delay=feedback_delay,
        priors=priors or Priors(),
        epsilon=epsilon,
        drift=change,
    )
    results = []
    with Progress(len(candidates) * seeds * len(table), "replay") as progress:
        for place, candidate in enumerate(candidates):
            runs = []
            for seed in range(seeds):
                before = (place * seeds + seed) * len(table)
                advance = progress.part(before, candidate.name)
                runs.append(run(problem, candidate, seed, advance))
            results.append(PolicyResult(candidate.name, runs, problem))
    return ReplayResult(problem, results)


def check_seeds(seeds: int) -> None:
    """Refuse fewer than one seed."""
    if seeds < 1:
        raise ConfigError(f"seeds: must be at least 1, got {seeds}")


def check_target(target: float) -> None:
    """Refuse a target outside (0, 1]."""
    if not 0.0 < target <= 1.0:
        raise ConfigError(f"target: must be in (0, 1], got {target}")


def distinct(policies: Sequence[str]) -> Sequence[str]:
    """Refuse policies named twice, or none at all: results are told apart by name."""
    if not policies or len(set(policies)) < len(policies):
        raise ConfigError(f"policies: must be distinct names, got {', '.join(policies) or 'none'}")
    return policies

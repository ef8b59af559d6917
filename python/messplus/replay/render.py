"""A replay as text for a terminal."""

from messplus.reports._text_table import format_table

from .bounds import FOLDS
from .results import EARLY, PolicyResult, ReplayResult
from .sweep import SweepResult


def render(result: ReplayResult) -> str:
    """Show the zoo, the bounds and one row per policy."""
    problem = result.problem
    table = problem.table
    feedback = f"{problem.feedback_rate:.0%} rated"
    if problem.feedback_delay:
        feedback += f", {problem.feedback_delay:,} requests late"
    seeds = len(result.policies[0].runs)
    head = (
        f"{table.path}: {len(table):,} requests, target {problem.target:.4g}, "
        f"stream {problem.stream}, {feedback}, {seeds} seed{'s' * (seeds > 1)}"
    )
    if table.dropped:
        head += f"\n{table.dropped:,} rows left out: no model has a score there"
    parts = [head, _zoo(result), _bounds(result), _policies(result), _early(result)]
    if problem.drift:
        parts.append(_since_drift(result))
    return "\n\n".join(parts)


def render_sweep(result: SweepResult) -> str:
    """Show one row per policy and target."""
    table = result.problems[0].table
    header = [
        "policy",
        "target",
        table.cost,
        "vs mix",
        "satisfaction",
        "worst seed",
        "vs clairvoyant",
    ]
    rows = [
        [
            name,
            f"{problem.target:.4g}",
            _cost(row["mean_cost"]),
            _ratio(row["mean_cost"], problem.bounds.static_mix),
            f"{row['satisfaction']:.4f}",
            f"{row['worst_seed_satisfaction']:.4f}",
            _ratio(row["mean_cost"], problem.bounds.clairvoyant),
        ]
        for name, results in result.policies.items()
        for problem, row in zip(result.problems, results, strict=True)
    ]
    return format_table(header, rows)


def _zoo(result: ReplayResult) -> str:
    table = result.problem.table
    rows = [
        [name, f"{cost:.4g}", f"{score:.4f}"]
        for name, cost, score in zip(table.models, table.mean_cost, table.mean_score, strict=True)
    ]
    return format_table(["model", table.cost, "satisfaction"], rows)


def _bounds(result: ReplayResult) -> str:
    table, bounds = result.problem.table, result.problem.bounds
    best = "" if bounds.best_model is None else f" ({table.models[bounds.best_model]})"
    rows = [
        [name, _cost(cost), _ratio(cost, bounds.static_mix)]
        for name, cost in [
            (f"best single{best}", bounds.best_single),
            ("static mix", bounds.static_mix),
            (f"contextual hindsight ({FOLDS} folds)", bounds.contextual_hindsight),
            ("clairvoyant", bounds.clairvoyant),
        ]
    ]
    header = [f"bound over {bounds.rows:,} complete rows", table.cost, "vs mix"]
    return format_table(header, rows)


def _policies(result: ReplayResult) -> str:
    header = ["policy", result.problem.table.cost, "vs mix", "satisfaction", "worst seed"]
    header += ["backlog", "explored", "us/step", "shares"]
    shares = " / ".join(result.problem.table.models)
    return format_table(header, [_policy(policy) for policy in result.policies]) + (
        f"\nshares: {shares}"
    )


def _early(result: ReplayResult) -> str:
    header = ["policy"]
    for first in EARLY:
        header += [f"first {first:,}", "vs mix", "satisfaction"]
    return format_table(header, [_first(policy) for policy in result.policies])


def _since_drift(result: ReplayResult) -> str:
    header = ["policy", "after the change", "satisfaction"]
    rows = [
        [policy.name, _cost(since[0]), f"{since[1]:.4f}"]
        for policy in result.policies
        if (since := policy.since_drift())
    ]
    return format_table(header, rows)


def _first(policy: PolicyResult) -> list[str]:
    row = [policy.name]
    for cost, satisfaction in map(policy.early, EARLY):
        ratio = _ratio(cost, policy.problem.bounds.static_mix)
        row += [_cost(cost), ratio, f"{satisfaction:.4f}"]
    return row


def _policy(policy: PolicyResult) -> list[str]:
    us = policy.core_us_per_step
    return [
        policy.name,
        _cost(policy.mean_cost),
        _ratio(policy.mean_cost, policy.problem.bounds.static_mix),
        f"{policy.satisfaction:.4f}",
        f"{policy.worst_seed_satisfaction:.4f}",
        f"{policy.final_backlog:.1f}",
        f"{policy.explored_share:.1%}",
        "-" if us is None else f"{us:.2f}",
        " / ".join(f"{share:.0%}" for share in policy.share.values()),
    ]


def _cost(cost: float | None) -> str:
    return "-" if cost is None else f"{cost:.4g}"


def _ratio(cost: float | None, static_mix: float | None) -> str:
    return "-" if cost is None or not static_mix else f"{cost / static_mix:.3f}"

"""Large zoos and short streams of recorded outcomes: ``python zoos.py DATA [SEEDS]``.

DATA is a folder of tables of outcomes, one in each of the folders of ``TABLES``. The default policy
replays shuffled streams of each: with every model entered three times, with ten useless expensive
models added, and cut to 500 to 3,000 requests, the last also with late ratings. A line for each
problem: cost over the static mix of the plain table, and points above the target on the mean and in
the worst of the seeds. Ends with one JSON line of all of them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from messplus.replay import load_table, replay
from messplus.reports.mixture import Frontier, cheapest_mix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from messplus.replay import Table

Figures = dict[str, float]


class Source(NamedTuple):
    """A table, and the targets it is replayed at."""

    folder: str
    targets: tuple[float, ...]
    cost: str = "cost"
    models: tuple[str, ...] | None = None


TABLES = (
    Source("messplus_qwen2", (0.66, 0.70, 0.73), cost="energy_j"),
    Source("routellm_mmlu_gsm8k", (0.72, 0.77)),
    Source(
        "paretobandit",
        (0.84, 0.86, 0.90, 0.92),
        models=("llama-3.1-8b", "mistral-large-2512", "gemini-2.5-pro"),
    ),
    Source("fasteval", (0.45, 0.55, 0.65)),
)
LENGTHS = (500, 1000, 2000)
CUT, DELAYS = 3000, (0, 100, 500)
USELESS = 10


def tripled(table: Table) -> Table:
    """Every model three times, under three names."""
    models = tuple(f"{name} {copy}" for copy in "abc" for name in table.models)
    scores, costs = np.tile(table.scores, (1, 3)), np.tile(table.costs, (1, 3))
    return replace(table, models=models, scores=scores, costs=costs)


def with_useless(table: Table) -> Table:
    """Ten more models: 1.5 to 58 times as expensive as the most expensive, worse than the worst."""
    rng = np.random.default_rng(5)
    dearest = table.costs[:, [int(np.argmax(table.mean_cost))]]
    costs = dearest * 1.5 ** np.arange(1, USELESS + 1)
    scores = (rng.random(costs.shape) < 0.95 * table.mean_score.min()).astype(float)
    return replace(
        table,
        models=(*table.models, *(f"useless {place}" for place in range(USELESS))),
        scores=np.hstack([table.scores, scores]),
        costs=np.hstack([table.costs, costs]),
    )


def chosen(table: Table, rows: npt.NDArray[np.intp]) -> Table:
    """These requests of a table, in this order."""
    return replace(
        table,
        prompts=[table.prompts[row] for row in rows],
        sources=[table.sources[row] for row in rows] if table.sources else None,
        scores=table.scores[rows],
        costs=table.costs[rows],
    )


def sample(table: Table, n: int, seed: int) -> Table:
    """N requests drawn without replacement, in random order."""
    return chosen(table, np.random.default_rng(seed).permutation(len(table))[:n])


def serve(
    tables: Sequence[Table], target: float, mixes: Sequence[float], delay: int = 0
) -> Figures:
    """Replay each table once, shuffled: mean cost over these mixes, and distances to the target."""
    ratios, points = [], []
    for seed, (table, mix) in enumerate(zip(tables, mixes, strict=True)):
        result = replay(
            sample(table, len(table), seed),
            target=target,
            policies=["default"],
            stream="file",
            feedback_delay=delay,
        ).policies[0]
        ratios.append(result.mean_cost / mix)
        points.append(100 * (result.satisfaction - target))
    return {
        "cost": round(float(np.mean(ratios)), 3),
        "points": round(float(np.mean(points)), 2),
        "worst": round(min(points), 2),
    }


def study(table: Table, target: float, seeds: int) -> Iterator[tuple[str, Figures]]:
    """Every variant of one problem, by name; costs are over the static mix of the plain table."""

    def mix(of: Table) -> float:
        best = cheapest_mix(Frontier(of.mean_score, of.mean_cost), target)
        # A sample may stay below the target even with its best model.
        return best.cost if best else float(of.mean_cost[int(np.argmax(of.mean_score))])

    for name, variant in {
        "plain": table,
        "tripled": tripled(table),
        "useless": with_useless(table),
    }.items():
        yield name, serve([variant] * seeds, target, [mix(table)] * seeds)
    for n, delays in {**dict.fromkeys(LENGTHS, (0,)), CUT: DELAYS}.items():
        samples = [sample(table, n, seed) for seed in range(seeds)]
        for delay in delays:
            late = f", delay {delay}" if delay else ""
            yield f"first {n}{late}", serve(samples, target, [*map(mix, samples)], delay)


def line(problem: str, name: str, figures: Figures) -> str:
    """A line of the table."""
    cost, points, worst = figures["cost"], figures["points"], figures["worst"]
    return f"{problem:26}{name:26}{cost:8.3f}{points:+10.2f}{worst:+10.2f}"


def main(data: Path, seeds: int) -> None:
    """Print a line per problem and variant, and the JSON line."""
    print(f"{'problem':26}{'variant':26}{'cost/mix':>8}{'points':>10}{'worst':>10}")
    figures: dict[str, dict[str, Figures]] = {}
    for source in TABLES:
        path = data / source.folder / "outcomes.parquet"
        table = load_table(path, cost=source.cost, models=source.models)
        # Rows that every model has an outcome of, so that every variant has the same requests.
        table = chosen(table, np.flatnonzero(table.complete))
        for target in source.targets:
            problem = f"{source.folder} {target}"
            figures[problem] = {}
            for name, outcome in study(table, target, seeds):
                figures[problem][name] = outcome
                print(line(problem, name, outcome), flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)

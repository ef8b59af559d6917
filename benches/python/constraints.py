"""Several constraints at once on recorded outcomes: ``python constraints.py TABLE [SEEDS]``.

TABLE is a file of outcomes with columns ``energy_j:MODEL`` and ``time_s:MODEL`` beside the scores.
Routers with targets, limits on mean cost and latency, two service levels, and the dual objective
serve shuffled streams of it. Ends with one JSON line: every long-run mean, and by how much it
misses its constraint, as a share of the constraint; the worst of the seeds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from messplus import SLA, Limit, Model, Router
from messplus.replay.features import policy_features
from messplus.replay.tables import load_table

if TYPE_CHECKING:
    import numpy.typing as npt

    from messplus.replay.tables import Table

GOLD, FREE = "gold", "free"


class Scenario(NamedTuple):
    """Settings of a router, and whether they can hold together on messplus_qwen2."""

    settings: dict[str, Any]
    feasible: bool = True


SCENARIOS = {
    "target and cost": Scenario({"sla": SLA(0.70), "limits": [Limit("cost", 285.0)]}),
    "target and latency": Scenario({"sla": SLA(0.70), "limits": [Limit("latency", 1.0)]}),
    "target, cost and latency": Scenario(
        {"sla": SLA(0.70), "limits": [Limit("cost", 285.0), Limit("latency", 1.1)]}
    ),
    "two levels and latency": Scenario(
        {"slas": {GOLD: SLA(0.72), FREE: SLA(0.66)}, "limits": [Limit("latency", 1.2)]}
    ),
    "satisfaction within cost and latency": Scenario(
        {
            "objective": "satisfaction",
            "limits": [Limit("cost", 300.0), Limit("latency", 1.5)],
        }
    ),
    "out of reach": Scenario({"sla": SLA(0.74), "limits": [Limit("latency", 0.6)]}, feasible=False),
}


class Outcomes(NamedTuple):
    """What every model would have done on every request, ``[n, M]`` each."""

    scores: npt.NDArray[np.float64]
    costs: npt.NDArray[np.float64]
    latencies: npt.NDArray[np.float64]
    features: npt.NDArray[np.float32]
    models: tuple[str, ...]


def read(path: Path) -> Outcomes:
    """Read scores, joules and seconds."""
    energy: Table = load_table(path, cost="energy_j")
    time: Table = load_table(path, cost="time_s")
    features = policy_features(energy)
    return Outcomes(energy.scores, energy.costs, time.costs, features, energy.models)


def serve(outcomes: Outcomes, scenario: Scenario, seed: int) -> dict[str, Any]:
    """Route a shuffled stream; how far each mean is beyond its constraint, as a share of it."""
    listed = outcomes.costs.mean(axis=0)
    zoo = [
        Model(name, cost=float(cost)) for name, cost in zip(outcomes.models, listed, strict=True)
    ]
    router = Router(zoo, tag_features=0, seed=seed, **scenario.settings)
    index = {name: place for place, name in enumerate(outcomes.models)}
    levels = list(scenario.settings.get("slas", {})) or [None]
    for turn, row in enumerate(np.random.default_rng(seed).permutation(len(outcomes.scores))):
        level = levels[turn % len(levels)]
        decision = router.select(features=outcomes.features[row], sla=level)
        model = index[decision.model]
        router.feedback(
            decision,
            satisfied=float(outcomes.scores[row, model]),
            cost=float(outcomes.costs[row, model]),
            latency=float(outcomes.latencies[row, model]),
        )
    report = router.report()
    means: dict[str, float] = {}
    beyond: dict[str, float] = {}
    for name, sla in report.slas.items():
        rate = sla.satisfaction_rate or 0.0
        means[f"satisfaction {name}"] = rate
        if sla.target > 0:
            beyond[f"satisfaction {name}"] = max(0.0, 1 - rate / sla.target)
    for name, limit in report.limits.items():
        mean = limit.mean or 0.0
        means[name] = mean
        beyond[name] = max(0.0, mean / limit.limit - 1)
    means.setdefault("cost", report.cost / report.decisions)
    return {"means": means, "beyond": beyond, "out_of_reach": report.out_of_reach}


def main(table: str, seeds: int) -> None:
    """Print a line per scenario and the JSON line."""
    outcomes = read(Path(table))
    figures: dict[str, Any] = {}
    for name, scenario in SCENARIOS.items():
        runs = [serve(outcomes, scenario, seed) for seed in range(seeds)]
        means = {
            key: float(np.mean([run["means"][key] for run in runs])) for key in runs[0]["means"]
        }
        worst = {key: max(run["beyond"][key] for run in runs) for key in runs[0]["beyond"]}
        named = sorted({what for run in runs for what in run["out_of_reach"]})
        figures[name] = {
            "feasible": scenario.feasible,
            "means": {key: round(mean, 4) for key, mean in means.items()},
            "worst_seed_beyond": {key: round(share, 4) for key, share in worst.items()},
            "out_of_reach": named,
        }
        print(f"{name}: {figures[name]}")
    reachable = [figures[name] for name, scenario in SCENARIOS.items() if scenario.feasible]
    figures["worst_of_feasible"] = max(
        share for each in reachable for share in each["worst_seed_beyond"].values()
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)

"""What a replay found, and its JSON form."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .run import Problem, Run

#: What a policy pays for learning shows in this many first requests.
EARLY = (500, 1000)


@dataclass(frozen=True)
class PolicyResult:
    """One policy over one or more seeds.

    Attributes
    ----------
    name
        The policy as given.
    runs
        One run per seed.
    problem
        What it was run on.
    """

    name: str
    runs: Sequence[Run]
    problem: Problem

    @property
    def mean_cost(self) -> float:
        """Mean cost per request, models queried for learning included."""
        return float(np.mean([run.cost.mean() for run in self.runs]))

    @property
    def satisfaction(self) -> float:
        """Mean satisfaction over all requests, rated or not, and all seeds."""
        return float(np.mean([run.satisfaction.mean() for run in self.runs]))

    @property
    def worst_seed_satisfaction(self) -> float:
        """Mean satisfaction of the seed where it is lowest."""
        return float(min(run.satisfaction.mean() for run in self.runs))

    @property
    def cost_vs_static_mix(self) -> float | None:
        """Mean cost over that of the cheapest blind mixture; ``None`` where there is none."""
        static_mix = self.problem.bounds.static_mix
        return self.mean_cost / static_mix if static_mix else None

    @property
    def final_backlog(self) -> float:
        """Mean backlog at the end."""
        return float(np.mean([run.final_backlog for run in self.runs]))

    @property
    def explored_share(self) -> float:
        """Share of the requests drawn for exploration."""
        return float(np.mean([run.explored.mean() for run in self.runs]))

    @property
    def share(self) -> dict[str, float]:
        """Share of the requests served by each model."""
        models = self.problem.table.models
        counts = [np.bincount(run.model, minlength=len(models)) for run in self.runs]
        shares = np.sum(counts, axis=0) / np.sum(counts)
        return dict(zip(models, shares.tolist(), strict=True))

    @property
    def core_us_per_step(self) -> float | None:
        """Microseconds per request in the Rust loop; ``None`` for baselines, which have none."""
        seconds = [run.core_seconds for run in self.runs if run.core_seconds is not None]
        steps = sum(len(run.model) for run in self.runs)
        return sum(seconds) / steps * 1e6 if seconds else None

    def early(self, first: int) -> tuple[float, float]:
        """What the first requests of the stream cost and brought.

        Parameters
        ----------
        first
            How many requests, at least 1.

        Returns
        -------
        tuple of float
            Mean cost, and mean satisfaction, over all seeds.
        """
        cost = np.mean([run.cost[:first].mean() for run in self.runs])
        satisfaction = np.mean([run.satisfaction[:first].mean() for run in self.runs])
        return float(cost), float(satisfaction)

    def since_drift(self) -> tuple[float, float] | None:
        """Mean cost and mean satisfaction after the change; ``None`` where nothing changes."""
        if self.problem.drift is None:
            return None
        start = int(self.problem.drift.at * len(self.runs[0].cost))
        cost = np.mean([run.cost[start:].mean() for run in self.runs])
        satisfaction = np.mean([run.satisfaction[start:].mean() for run in self.runs])
        return float(cost), float(satisfaction)

    def _early(self, first: int) -> dict[str, float]:
        cost, satisfaction = self.early(first)
        return {"mean_cost": cost, "satisfaction": satisfaction}

    def to_dict(self) -> dict[str, Any]:
        """Give the part of the JSON form below ``policies``."""
        seeds = [
            {"seed": run.seed} | PolicyResult(self.name, [run], self.problem)._summary()
            for run in self.runs
        ]
        worst = {"worst_seed_satisfaction": self.worst_seed_satisfaction}
        return self._summary() | worst | {"seeds": seeds}

    def _summary(self) -> dict[str, Any]:
        since = self.since_drift()
        return {
            "mean_cost": self.mean_cost,
            "satisfaction": self.satisfaction,
            "cost_vs_static_mix": self.cost_vs_static_mix,
            "final_backlog": self.final_backlog,
            "explored_share": self.explored_share,
            "share": self.share,
            "core_us_per_step": self.core_us_per_step,
            "early": {str(first): self._early(first) for first in EARLY},
        } | (
            {"since_drift": dict(zip(("mean_cost", "satisfaction"), since, strict=True))}
            if since
            else {}
        )


@dataclass(frozen=True)
class ReplayResult:
    """Every policy on one problem.

    Attributes
    ----------
    problem
        Table, target, stream and bounds.
    policies
        One result per policy, in the order asked for.
    """

    problem: Problem
    policies: Sequence[PolicyResult]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, stable from 0.1 on: fields are added, never changed.

        Costs are means per request in the unit of the table; a bound that does not exist is null.
        """
        problem, bounds = self.problem, self.problem.bounds
        table = problem.table
        costs = {
            "best_single": bounds.best_single,
            "static_mix": bounds.static_mix,
            "contextual_hindsight": bounds.contextual_hindsight,
            "clairvoyant": bounds.clairvoyant,
        }
        return {
            "table": {
                "path": str(table.path),
                "rows": len(table),
                "complete_rows": bounds.rows,
                "models": list(table.models),
                "mean_score": _by_model(table.models, table.mean_score.tolist()),
                "mean_cost": _by_model(table.models, table.mean_cost.tolist()),
            },
            "target": problem.target,
            "cost": table.cost,
            "stream": problem.stream,
            "feedback_rate": problem.feedback_rate,
            "feedback_delay": problem.feedback_delay,
            "epsilon": problem.epsilon,
            "drift": None if problem.drift is None else asdict(problem.drift),
            "bounds": costs,
            "policies": {policy.name: policy.to_dict() for policy in self.policies},
        }


def _by_model(models: Sequence[str], values: Sequence[float]) -> dict[str, float | None]:
    # JSON has no NaN: a model that cannot be used anywhere has no mean.
    return {
        model: None if np.isnan(value) else value
        for model, value in zip(models, values, strict=True)
    }

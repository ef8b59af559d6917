"""Route simulated traffic through real routers, and account for the alternatives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from messplus import SLA, Model, Policy, Router
from messplus.featurizers import Featurizer
from messplus.reports.mixture import Frontier, best_single, cheapest_mix

from .published import MODELS
from .zoo import Traffic


@dataclass(frozen=True)
class Outcome:
    """What one way of routing made of one benchmark.

    Attributes
    ----------
    energy_mj
        Energy over all requests, in megajoules.
    satisfaction
        Mean satisfaction.
    share
        Share of the requests served by each model.
    running
        Mean satisfaction after each request, ``float64 [n]``; empty for mixtures, which are known
        by their means only.
    """

    energy_mj: float
    satisfaction: float
    share: tuple[float, ...]
    running: npt.NDArray[np.float64]


def route(
    traffic: Traffic,
    policy: Policy,
    featurizer: Featurizer,
    progress: Callable[[int, str], None],
    seed: int = 0,
) -> Outcome:
    """Send every prompt through a fresh router: select, answer, feed back."""
    benchmark = traffic.benchmark
    router = Router(
        models=[
            Model(name, cost=cost) for name, cost in zip(MODELS, benchmark.energy_j, strict=True)
        ],
        sla=SLA(target=benchmark.target),
        policy=policy,
        seed=seed,
        featurizer=featurizer,
    )
    index = {name: place for place, name in enumerate(MODELS)}
    served = np.empty(len(traffic.prompts), dtype=np.intp)
    for request, prompt in enumerate(traffic.prompts):
        decision = router.select(prompt)
        served[request] = index[decision.model]
        called = (decision.model, *decision.also_query)
        satisfied, energy_j = traffic.satisfied[request], traffic.energy_j[request]
        router.feedback(
            decision,
            {name: satisfied[index[name]] for name in called},
            cost={name: energy_j[index[name]] for name in called},
        )
        if request % 100 == 99:
            report = router.report()
            note = (
                f"satisfaction {report.satisfaction_rate:.1%} of {report.target:.0%} agreed, "
                f"backlog {report.backlog:.1f}"
            )
            progress(request + 1, note)
    satisfaction = traffic.satisfied[np.arange(len(served)), served]
    return Outcome(
        energy_mj=router.report().cost / 1e6,
        satisfaction=float(satisfaction.mean()),
        share=tuple((np.bincount(served, minlength=len(MODELS)) / len(served)).tolist()),
        running=satisfaction.cumsum() / np.arange(1, len(served) + 1),
    )


def one_model(traffic: Traffic, model: int) -> Outcome:
    """Let one model serve every request."""
    satisfied = traffic.satisfied[:, model]
    return Outcome(
        energy_mj=float(traffic.energy_j[:, model].sum()) / 1e6,
        satisfaction=float(satisfied.mean()),
        share=tuple(np.eye(len(MODELS))[model].tolist()),
        running=satisfied.cumsum() / np.arange(1, len(satisfied) + 1),
    )


def best_model(traffic: Traffic) -> Outcome | None:
    """Let the cheapest model serve that meets the target; ``None`` where none does."""
    best = best_single(_means(traffic), traffic.benchmark.target)
    return None if best is None else one_model(traffic, best)


def static_mix(traffic: Traffic) -> Outcome | None:
    """Mix models blindly at the lowest cost that meets the target; ``None`` where none does."""
    mix = cheapest_mix(_means(traffic), traffic.benchmark.target)
    if mix is None:
        return None
    n = len(traffic.prompts)
    return Outcome(mix.cost * n / 1e6, mix.satisfaction, tuple(mix.weights.tolist()), np.empty(0))


def _means(traffic: Traffic) -> Frontier:
    return Frontier(traffic.satisfied.mean(axis=0), traffic.energy_j.mean(axis=0))

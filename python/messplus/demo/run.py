"""Every benchmark, every way of routing."""

from collections.abc import Mapping
from dataclasses import dataclass

from messplus import Policy
from messplus._progress import Progress
from messplus.featurizers import StaticFeaturizer

from .published import BENCHMARKS, MODELS
from .route import Outcome, best_model, one_model, route, static_mix
from .zoo import Traffic, simulate

POLICIES: Mapping[str, Policy] = {"paper": Policy.paper(), "default": Policy.default()}
ROUTED = tuple(POLICIES)
LARGEST, MIDDLE = MODELS.index("70B"), MODELS.index("8B")


@dataclass(frozen=True)
class Result:
    """One benchmark under every way of routing, by name; ``None`` where one does not exist."""

    traffic: Traffic
    outcomes: Mapping[str, Outcome | None]


def run_demo(n_requests: int, seed: int = 0) -> list[Result]:
    """Route ``n_requests`` simulated requests, an equal number of every benchmark.

    Each policy gets a fresh router per benchmark, as in the published table.
    """
    each = max(n_requests // len(BENCHMARKS), 1)
    featurizer = StaticFeaturizer()
    results = []
    with Progress(len(BENCHMARKS) * len(POLICIES) * each, "routing") as progress:
        done = 0
        for benchmark in BENCHMARKS:
            traffic = simulate(benchmark, each, seed)
            outcomes = {
                "70B only": one_model(traffic, LARGEST),
                "8B only": one_model(traffic, MIDDLE),
                "best single": best_model(traffic),
                "static mix": static_mix(traffic),
            }
            for name, policy in POLICIES.items():
                live = progress.part(done, f"{name} on {benchmark.name}:")
                outcomes[name] = route(traffic, policy, featurizer, live, seed)
                done += each
            results.append(Result(traffic, outcomes))
    return results

"""A zoo that answers by dice, with published means."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .prompts import Prompt, write_prompts
from .published import MODELS, Benchmark

# Log-odds between the easiest and the hardest prompt.
_SLOPE = 4.0


@dataclass(frozen=True)
class Traffic:
    """Requests of one benchmark and what every model would have made of them.

    Attributes
    ----------
    benchmark
        Where the means come from.
    prompts
        n texts.
    satisfied
        Whether the user would be satisfied, ``float64 [n, M]`` of 0 and 1.
    energy_j
        Energy of the answer in joules, ``float64 [n, M]``.
    """

    benchmark: Benchmark
    prompts: list[str]
    satisfied: npt.NDArray[np.float64]
    energy_j: npt.NDArray[np.float64]


def simulate(benchmark: Benchmark, n_requests: int, seed: int) -> Traffic:
    """Write prompts and throw the dice.

    The probability of satisfaction falls with the difficulty of the prompt, ``sigmoid(a - 4 d)``,
    with ``a`` such that its mean over the prompts is the published one; energy is proportional to
    the length of the prompt, again with the published mean.
    """
    rng = np.random.default_rng([seed, *benchmark.name.encode()])
    prompts = write_prompts(benchmark.name, n_requests, rng)
    difficulty = np.array([prompt.difficulty for prompt in prompts])
    p_satisfied = np.column_stack([calibrate(difficulty, mean) for mean in benchmark.satisfaction])
    satisfied = rng.random((n_requests, len(MODELS))) < p_satisfied
    return Traffic(
        benchmark=benchmark,
        prompts=[prompt.text for prompt in prompts],
        satisfied=satisfied.astype(np.float64),
        energy_j=np.outer(_relative_length(prompts), benchmark.energy_j),
    )


def calibrate(difficulty: npt.NDArray[np.float64], mean: float) -> npt.NDArray[np.float64]:
    """Probabilities that fall with difficulty and have the given mean in (0, 1), by bisection."""
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        if _probabilities(middle, difficulty).mean() < mean:
            low = middle
        else:
            high = middle
    return _probabilities(high, difficulty)


def _probabilities(
    intercept: float, difficulty: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(_SLOPE * difficulty - intercept)))


def _relative_length(prompts: list[Prompt]) -> npt.NDArray[np.float64]:
    lengths = np.array([len(prompt.text) for prompt in prompts], dtype=np.float64)
    return np.asarray(lengths / lengths.mean())

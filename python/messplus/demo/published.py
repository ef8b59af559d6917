"""Figures published for MESS+ (arXiv 2505.19947): three Llama 3 models on eight benchmarks."""

from dataclasses import dataclass

MODELS = ("1B", "8B", "70B")


@dataclass(frozen=True)
class Benchmark:
    """One benchmark; tuples are in the order of `MODELS`.

    Attributes
    ----------
    name
        Name of the benchmark.
    target
        Satisfaction rate asked for.
    satisfaction
        Mean satisfaction with each model.
    energy_j
        Mean energy of one request to each model, in joules.
    """

    name: str
    target: float
    satisfaction: tuple[float, float, float]
    energy_j: tuple[float, float, float]


BENCHMARKS = (
    Benchmark("ARC-C", 0.50, (0.379, 0.544, 0.608), (79.9, 393.7, 2002.6)),
    Benchmark("ARC-E", 0.75, (0.627, 0.799, 0.832), (81.8, 389.6, 2021.2)),
    Benchmark("BoolQ", 0.80, (0.692, 0.842, 0.888), (43.6, 130.7, 1040.8)),
    Benchmark("LogiQA", 0.40, (0.270, 0.290, 0.490), (87.7, 414.4, 2103.3)),
    Benchmark("PIQA", 0.78, (0.740, 0.793, 0.827), (38.6, 198.3, 1000.3)),
    Benchmark("SciQ", 0.96, (0.938, 0.970, 0.971), (97.5, 444.1, 2230.2)),
    Benchmark("SocialIQA", 0.44, (0.417, 0.483, 0.487), (67.7, 301.8, 1534.3)),
    Benchmark("WinoGrande", 0.70, (0.597, 0.736, 0.791), (49.0, 200.5, 1018.4)),
)

"""The seven published configurations and the rows the TMO authors print for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One published row, a mean over three seeds.

    Parameters
    ----------
    response, reward
        Per turn.
    latency, latency_violation
        Seconds per dialogue, and their excess over the budget.
    usage, usage_violation
        0.001 USD per dialogue, and their excess over the budget.
    """

    response: float
    latency: float
    usage: float
    reward: float
    latency_violation: float = 0.0
    usage_violation: float = 0.0


@dataclass(frozen=True)
class Configuration:
    """A shape of the generator and its published rows.

    Parameters
    ----------
    name
        As published.
    modalities, tasks, turns
        M, K and T.
    rows
        By agent.
    """

    name: str
    modalities: int
    tasks: int
    turns: int
    rows: dict[str, Row]


def _configuration(
    name: str, shape: tuple[int, int, int], rows: tuple[tuple[float, ...], ...]
) -> Configuration:
    agents = ("local", "cloud", "random", "a2c", "rc-a2c")
    named = {agent: Row(*row) for agent, row in zip(agents, rows, strict=True)}
    return Configuration(name, *shape, named)


CONFIGURATIONS = (
    _configuration(
        "M4A1 shape",
        (3, 4, 5),
        (
            (0.69, 0.06, 0.0, 0.69),
            (1.35, 13.76, 32.53, 1.16, 0.0, 1.49),
            (0.97, 6.96, 16.38, 0.88, 0.0, 1.24),
            (1.57, 21.00, 51.83, 1.28, 0.0, 4.33),
            (1.15, 7.50, 15.83, 1.04),
        ),
    ),
    _configuration(
        "Small",
        (2, 2, 2),
        (
            (0.71, 0.02, 0.0, 0.71),
            (1.15, 3.99, 8.98, 0.95),
            (0.91, 2.03, 4.53, 0.81),
            (1.16, 3.00, 6.33, 1.00),
            (1.16, 2.75, 5.66, 1.01),
        ),
    ),
    _configuration(
        "Medium",
        (4, 4, 4),
        (
            (0.70, 0.05, 0.0, 0.70),
            (1.39, 14.01, 34.03, 1.21, 0.0, 4.81),
            (1.00, 7.09, 17.17, 0.91, 0.0, 4.40),
            (1.72, 24.50, 62.00, 1.41, 0.0, 12.00),
            (1.34, 12.00, 28.67, 1.18),
        ),
    ),
    _configuration(
        "Large",
        (6, 6, 6),
        (
            (0.70, 0.07, 0.0, 0.70),
            (1.54, 30.01, 75.02, 1.36, 4.09, 25.45),
            (1.08, 15.10, 37.67, 0.99, 2.84, 10.39),
            (1.84, 48.91, 125.43, 1.55, 18.91, 75.43),
            (1.06, 12.00, 27.00, 0.98),
        ),
    ),
    _configuration(
        "More Modalities",
        (10, 3, 3),
        (
            (0.68, 0.03, 0.0, 0.68),
            (1.66, 23.98, 61.45, 1.48, 2.48, 15.01),
            (1.14, 12.10, 30.96, 1.05, 2.32, 12.07),
            (1.93, 34.50, 89.50, 1.69, 4.50, 39.50),
            (1.71, 22.59, 57.75, 1.54),
        ),
    ),
    _configuration(
        "More Tasks",
        (3, 10, 3),
        (
            (0.71, 0.03, 0.0, 0.71),
            (1.23, 8.24, 19.48, 1.04),
            (0.95, 4.17, 9.81, 0.85),
            (1.42, 12.00, 29.50, 1.15),
            (1.18, 6.50, 14.83, 1.02),
        ),
    ),
    _configuration(
        "Long History",
        (3, 3, 10),
        (
            (0.71, 0.07, 0.0, 0.71),
            (1.50, 16.50, 39.01, 1.31, 0.0, 3.41),
            (1.04, 8.32, 19.60, 0.94, 0.0, 2.27),
            (1.61, 22.38, 54.69, 1.38, 0.0, 9.00),
            (0.99, 3.00, 3.00, 0.94),
        ),
    ),
)

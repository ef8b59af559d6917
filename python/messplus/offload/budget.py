"""Budgets of one conversation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from messplus.exceptions import ConfigError


@dataclass(frozen=True)
class Budget:
    """Limits of one conversation.

    Parameters
    ----------
    latency
        Total latency, seconds, ``>= 0``; infinite for no limit.
    cost
        Total usage cost, USD, ``>= 0``; infinite for no limit.

    Raises
    ------
    ConfigError
        If a limit is negative or NaN.
    """

    latency: float = math.inf
    cost: float = math.inf

    def __post_init__(self) -> None:
        for name in ("latency", "cost"):
            value = getattr(self, name)
            if math.isnan(value) or value < 0:
                raise ConfigError(f"budget {name}: must be >= 0, got {value!r}")

    def as_tuple(self) -> tuple[float, float]:
        """``(latency, cost)``."""
        return self.latency, self.cost


UNLIMITED = Budget()
"""No limits."""

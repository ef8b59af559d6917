"""Random numbers of a replay: every use has a generator of its own, so that none shares draws."""

from enum import IntEnum

import numpy as np


class Use(IntEnum):
    """What numbers are drawn for. A number once given away is not used again."""

    ARRIVALS = 0
    RATINGS = 1
    BASELINE = 2
    DRIFT = 3
    LOGGED_ROWS = 4
    LOGGED_MODELS = 5


def generator(seed: int, use: Use) -> np.random.Generator:
    """Return the generator of one use under a seed."""
    return np.random.default_rng([seed, use])

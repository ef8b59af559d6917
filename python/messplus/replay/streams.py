"""In which order requests arrive, and which of them get rated."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from messplus.exceptions import ConfigError

from .draws import Use, generator
from .tables import Table

Stream = Literal["shuffle", "file", "blocks"]


def arrivals(table: Table, stream: Stream, seed: int) -> npt.NDArray[np.uint32]:
    """Rows of the table in the order in which they arrive.

    Parameters
    ----------
    table
        Outcomes of n requests.
    stream
        ``shuffle`` draws a permutation, ``file`` keeps the order of the file, ``blocks`` lets the
        sources come one after the other, both they and their rows in drawn order.
    seed
        Seed of the draws.

    Returns
    -------
    ndarray
        ``uint32 [n]``, a permutation.

    Raises
    ------
    ConfigError
        If the stream is unknown, or needs sources that the table does not have.
    """
    rng = generator(seed, Use.ARRIVALS)
    rows = np.arange(len(table), dtype=np.uint32)
    match stream:
        case "file":
            return rows
        case "shuffle":
            return rng.permutation(rows)
        case "blocks" if table.sources is not None:
            sources, block = np.unique(np.asarray(table.sources), return_inverse=True)
            place = rng.permutation(len(sources))
            shuffled = rng.permutation(rows)
            return shuffled[np.argsort(place[block[shuffled]], kind="stable")]
        case "blocks":
            raise ConfigError(f"stream: blocks needs a column 'source', got none in {table.path}")
    raise ConfigError(f"stream: must be one of {', '.join(get_args(Stream))}, got {stream!r}")


def ratings(n_requests: int, rate: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which requests get rated, each with probability ``rate``: ``bool [n]``.

    Raises
    ------
    ConfigError
        If the rate is outside [0, 1].
    """
    if not 0.0 <= rate <= 1.0:
        raise ConfigError(f"feedback_rate: must be in [0, 1], got {rate}")
    return generator(seed, Use.RATINGS).random(n_requests) < rate

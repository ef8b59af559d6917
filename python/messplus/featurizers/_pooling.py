"""From token states to one vector per prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def pool(
    states: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], how: str
) -> npt.NDArray[np.float32]:
    """Reduce token states ``[n, length, width]`` to ``[n, width]``, ignoring masked tokens.

    Parameters
    ----------
    states
        Output of an encoder.
    mask
        1 for tokens, 0 for padding, shape ``[n, length]``; every row has a token.
    how
        ``cls`` takes the first token; ``mean``, ``max`` and ``mean_sqrt_len`` (the sum divided by
        the root of the number of tokens) take all of them.
    """
    pooled: npt.NDArray[np.float32]
    column = mask[:, :, np.newaxis]
    if how == "cls":
        pooled = states[:, 0]
    elif how == "max":
        pooled = np.where(column == 1, states, np.float32(-np.inf)).max(axis=1)
    else:
        count = mask.sum(axis=1, keepdims=True).astype(np.float32)
        if how == "mean_sqrt_len":
            count = np.sqrt(count)
        total = states.sum(axis=1, where=column == 1)
        pooled = total / count
    return pooled


def unit_rows(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale rows to unit length; a row of zeros stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0.0, norms, 1.0), np.float32)

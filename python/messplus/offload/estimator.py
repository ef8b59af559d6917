"""Nearest-neighbour estimate of the response score of actions the log does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus._core import OffloadEstimator

if TYPE_CHECKING:
    import numpy.typing as npt

    from .dialogues import OfflineDataset


class KnnEstimator:
    """Exact k-nearest-neighbour estimator with inverse-distance weights.

    Keys are the observation followed by the action vector ``[cloud, x_0, .., x_(M-1)]``, compared
    by Euclidean distance d; weights are ``1 / (d + 1e-6)``. All rows tied at the k-th smallest
    distance take part, so the estimate depends on the set of rows, not on their order. TMO's
    estimator, up to its order of ties.

    Parameters
    ----------
    data
        Logged dialogues, at least ``k`` turns.
    k
        Number of neighbours.
    span
        Window length Z in turns, 1 to 8.

    Raises
    ------
    InputError
        If ``k`` is 0 or above the number of turns, or ``span`` is out of range.

    Examples
    --------
    >>> from messplus.offload import KnnEstimator, generate
    >>> data = generate(1, 2, 3, dialogues=50)
    >>> KnnEstimator(data).predict_all(data.observations(0)[0]).shape
    (3,)
    """

    def __init__(self, data: OfflineDataset, k: int = 5, span: int = 5) -> None:
        self.native = OffloadEstimator(data.native, k, span)
        self.k = k
        self.span = span

    def predict_all(self, observation: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Estimated response score of every action.

        Parameters
        ----------
        observation
            Shape ``(Z (M + 2),)`` as :meth:`OfflineDataset.observations` gives it.

        Returns
        -------
        ndarray of float64, shape ``(1 + 2^M,)``
            By index of the action.

        Raises
        ------
        InputError
            If no conversation can show this observation.
        ShapeError
            If it has another length.
        """
        return self.native.predict_all(np.ascontiguousarray(observation, dtype=np.float32))

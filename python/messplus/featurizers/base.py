"""What the router asks of a featurizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt


@runtime_checkable
class Featurizer(Protocol):
    """Turns prompts into vectors of a fixed length.

    Equal prompts give equal vectors, bit for bit, as long as :attr:`identity` is equal.
    """

    @property
    def n_features(self) -> int:
        """Length of a vector."""

    @property
    def identity(self) -> str:
        """Names the computation: saved state is only used with the featurizer it was made with."""

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        """Features of one prompt, float32, shape ``(n_features,)``, finite.

        Raises
        ------
        FeaturizerError
            If the prompt cannot be turned into features.
        """

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Features of many prompts.

        Parameters
        ----------
        prompts
            Texts, n of them.

        Returns
        -------
        ndarray
            float32, shape ``(n, n_features)``.

        Raises
        ------
        FeaturizerError
            If a prompt cannot be turned into features.
        """

"""Embeddings the application has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import ConfigError, FeaturizerError

from .embedding import EmbeddingFeaturizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

# Where nothing tells the length of a prompt, that of an everyday one: its feature is zero.
_USUAL_TOKENS = float(np.exp(3.5))


class VectorFeaturizer(EmbeddingFeaturizer):
    """Takes ``select(features=...)`` as a raw embedding, for example that of a retrieval step.

    The surface features are those of the text where it is given too, and the length among them is
    that of ``input_tokens`` where these are given; without either they are those of an everyday
    prompt. A
    request without an embedding is routed without features: reason ``fallback``.

    Parameters
    ----------
    width
        Dimensions of the embeddings, at least 1.
    dims
        Dimensions kept of wider ones, at least 1, by a random projection until
        :meth:`Router.warm_start` or :meth:`fitted` fits principal axes.
    identity
        Names the encoder in saved state; change it when the encoder changes.
    seed
        Seed of the projection.

    Raises
    ------
    ConfigError
        If a number is less than 1.
    """

    def __init__(self, width: int, dims: int = 128, identity: str = "", *, seed: int = 0) -> None:
        if width < 1:
            raise ConfigError(f"width: must be at least 1, got {width}")
        super().__init__(width, dims, seed)
        self._name = identity

    @property
    def source(self) -> str:
        """Name of the encoder, and the width."""
        return f"vectors:{self._name}:width={self._width}"

    def embed(self, prompts: Sequence[str]) -> tuple[Array, Array]:
        """Refuse: the embedding comes with the request.

        Parameters
        ----------
        prompts
            Texts, n of them.

        Returns
        -------
        tuple of ndarray
            Never.

        Raises
        ------
        FeaturizerError
            Always.
        """
        raise FeaturizerError(
            f"featurizer: takes features of {self._width} numbers, got {len(prompts)} prompts"
        )

    def one(self, vector: Array, tokens: float | None, text: str = "") -> Array:
        """Features of one request.

        Parameters
        ----------
        vector
            The embedding, float32, shape ``(width,)``, finite.
        tokens
            Tokens of the prompt where they are known.
        text
            The prompt where it is known.

        Returns
        -------
        ndarray
            float32, shape ``(n_features,)``.
        """
        length = np.array([_USUAL_TOKENS if tokens is None else tokens], np.float32)
        features: Array = self.features([text], length, vector[np.newaxis])[0]
        return features

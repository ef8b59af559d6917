"""What featurizers of wide embeddings share: reduction, unit length, surface features."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

import numpy as np

from messplus._core import SURFACE_FEATURES, text_features
from messplus.exceptions import ConfigError, FeaturizerError

from .reduction import Reduction

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[np.float32]


class EmbeddingFeaturizer(ABC):
    """Turns embeddings of a fixed width into features.

    Parameters
    ----------
    width
        Dimensions of an embedding.
    dims
        Dimensions kept of a wider one, at least 1, by a random projection until :meth:`fit`.
    seed
        Seed of that projection.

    Raises
    ------
    ConfigError
        If ``dims`` is less than 1.

    Notes
    -----
    Features are the ten surface features of the prompt (docs/featurizers.md), then the embedding,
    reduced to ``dims`` dimensions and scaled to unit length.
    """

    def __init__(self, width: int, dims: int, seed: int) -> None:
        if dims < 1:
            raise ConfigError(f"dims: must be at least 1, got {dims}")
        self._width = width
        self._reduction = Reduction.random(width, dims, seed) if width > dims else None

    @property
    @abstractmethod
    def source(self) -> str:
        """Names what makes the embeddings."""

    @abstractmethod
    def embed(self, prompts: Sequence[str]) -> tuple[Array, Array]:
        """Embed prompts.

        Parameters
        ----------
        prompts
            Texts, n of them.

        Returns
        -------
        tuple of ndarray
            Embeddings, shape ``(n, width)``, and numbers of tokens, shape ``(n,)``, both float32.

        Raises
        ------
        FeaturizerError
            If there is no embedding of a prompt.
        """

    @property
    def width(self) -> int:
        """Dimensions of an embedding."""
        return self._width

    @property
    def dims(self) -> int:
        """Dimensions kept of it."""
        return self._reduction.dims if self._reduction else self._width

    @property
    def n_features(self) -> int:
        """Surface features and the dimensions kept."""
        return SURFACE_FEATURES + self.dims

    @property
    def identity(self) -> str:
        """The source, and the hash of the reduction."""
        reduced = self._reduction.identity if self._reduction else "none"
        # "form" stands for the surface features: saved states spell it so.
        return f"{self.source}:form:reduction={reduced}"

    def __call__(self, prompt: str) -> Array:
        """Return the features of one prompt, float32, shape ``(n_features,)``.

        Raises
        ------
        FeaturizerError
            If there is no embedding of it.
        """
        features: Array = self.batch([prompt])[0]
        return features

    def batch(self, prompts: Sequence[str]) -> Array:
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
            If there is no embedding of a prompt.
        """
        embeddings, tokens = self.embed(prompts)
        return self.features(prompts, tokens, embeddings)

    def features(self, prompts: Sequence[str], tokens: Array, embeddings: Array) -> Array:
        """Return the features of prompts whose embeddings are known.

        Parameters
        ----------
        prompts
            Their texts, n of them.
        tokens
            Their numbers of tokens, float32, shape ``(n,)``.
        embeddings
            Float32, shape ``(n, width)``.

        Returns
        -------
        ndarray
            float32, shape ``(n, n_features)``.

        Raises
        ------
        FeaturizerError
            If an embedding is not finite, or of another width.
        """
        if embeddings.shape != (len(prompts), self._width) or not np.isfinite(embeddings).all():
            raise FeaturizerError(
                f"embeddings: must be {self._width} finite numbers each, got {embeddings.shape}"
            )
        if self._reduction:
            embeddings = self._reduction(embeddings)
        return text_features(list(prompts), tokens, np.ascontiguousarray(embeddings), self.dims)

    def fit(self, prompts: Sequence[str], dims: int | None = None) -> Self:
        """Return a featurizer that keeps the principal axes of a sample of prompts.

        Parameters
        ----------
        prompts
            Sample, more than ``dims`` prompts.
        dims
            Dimensions kept; as many as now by default.

        Returns
        -------
        EmbeddingFeaturizer
            A copy of this one, with the axes.

        Raises
        ------
        ConfigError
            If ``dims`` is out of range.
        InputError
            If there are too few prompts.
        """
        return self.fitted(self.embed(prompts)[0], dims)

    def fitted(self, embeddings: Array, dims: int | None = None) -> Self:
        """Return a featurizer that keeps the principal axes of embeddings.

        Parameters
        ----------
        embeddings
            Sample, float32, shape ``(n, width)`` with n more than ``dims``.
        dims
            Dimensions kept; as many as now by default.

        Returns
        -------
        EmbeddingFeaturizer
            A copy of this one, with the axes.

        Raises
        ------
        ConfigError
            If ``dims`` is out of range.
        InputError
            If there are too few rows.
        """
        dims = self.dims if dims is None else dims
        if not 1 <= dims <= self._width:
            raise ConfigError(f"dims: must be in [1, {self._width}], got {dims}")
        return self._with(Reduction.principal(embeddings, dims))

    def state(self) -> bytes:
        """Return the reduction, which router state carries along; empty if there is none."""
        return self._reduction.to_bytes() if self._reduction else b""

    def restored(self, state: bytes) -> Self:
        """Return this featurizer with the reduction that :meth:`state` saved.

        Parameters
        ----------
        state
            The bytes.

        Returns
        -------
        EmbeddingFeaturizer
            A copy of this one with the reduction; this one where the reduction is of another width.

        Raises
        ------
        StateError
            If the bytes are corrupt.
        """
        reduction = Reduction.from_bytes(state) if state else None
        fits = reduction is None or reduction.width == self._width
        return self._with(reduction) if fits else self

    def _with(self, reduction: Reduction | None) -> Self:
        other = copy.copy(self)
        other._reduction = reduction
        return other

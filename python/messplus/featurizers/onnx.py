"""Encoders of the user's own: a folder with an ONNX graph and a ``tokenizer.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus._core import prompt_features
from messplus.exceptions import ConfigError

from .encoder import Encoder
from .reduction import Reduction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt


class OnnxFeaturizer:
    """Embeds prompts with an encoder folder; made by :meth:`from_folder`.

    Safe to share between threads. The interpreter is free while it tokenizes and runs.

    Notes
    -----
    Features are the embedding, reduced to ``dims`` dimensions and scaled to unit length, then one
    feature of the prompt's length, ``0.3 (ln(tokens) - 3.5) / 1.5``.
    """

    def __init__(
        self,
        encoder: Encoder,
        reduction: Reduction | None,
    ) -> None:
        self._encoder = encoder
        self._reduction = reduction

    @classmethod
    def from_folder(
        cls,
        path: str | Path,
        file: str | None = None,
        pooling: str = "auto",
        max_tokens: int | None = None,
        providers: Sequence[str] | None = None,
        expect_sha256: str | None = None,
        *,
        dims: int = 63,
        seed: int = 0,
    ) -> OnnxFeaturizer:
        """Open an encoder folder in one of the layouts in use.

        Parameters
        ----------
        path
            Folder of a sentence-transformers or Optimum export, or of a bare ``model.onnx`` and
            ``tokenizer.json``.
        file
            The graph, relative to the folder; ``onnx/model.onnx`` or ``model.onnx`` by default.
            Quantised graphs are used only when named here.
        pooling
            ``mean``, ``cls``, ``max`` or ``mean_sqrt_len``; by default what the folder says, or
            the mean. Not used where the graph has an output ``sentence_embedding``.
        max_tokens
            Tokens embedded, at least 3; by default what the folder says, at most 512. Longer
            prompts keep their first and last tokens.
        providers
            Execution providers of onnxruntime; the CPU by default.
        expect_sha256
            The hash :attr:`sha256` must have, as ``messplus featurizer check`` prints it.
        dims
            Dimensions kept of a wider embedding, at least 1, by a random projection.
        seed
            Seed of that projection.

        Raises
        ------
        ConfigError
            If an argument breaks its rule.
        EncoderError
            If a file is missing, corrupt or not supported; the message names it.
        UnsafeEncoderError
            If the folder reaches outside itself, needs operators from a library, or has another
            hash than expected.
        """
        if dims < 1:
            raise ConfigError(f"dims: must be at least 1, got {dims}")
        encoder = Encoder(path, file, pooling, max_tokens, providers, expect_sha256)
        wide = encoder.width > dims
        return cls(encoder, Reduction.random(encoder.width, dims, seed) if wide else None)

    def fit(self, prompts: Sequence[str], dims: int | None = None) -> OnnxFeaturizer:
        """Return a featurizer that keeps the principal axes of a sample of prompts.

        Parameters
        ----------
        prompts
            Sample, more than ``dims`` prompts.
        dims
            Dimensions kept; as many as now by default.

        Raises
        ------
        ConfigError
            If ``dims`` is out of range.
        InputError
            If there are too few prompts.
        """
        dims = self.n_features - 1 if dims is None else dims
        if not 1 <= dims <= self._encoder.width:
            raise ConfigError(f"dims: must be in [1, {self._encoder.width}], got {dims}")
        reduction = Reduction.principal(self._encoder.embed(prompts)[0], dims)
        return OnnxFeaturizer(self._encoder, reduction)

    @property
    def encoder(self) -> Encoder:
        """The encoder, and what is known of it."""
        return self._encoder

    @property
    def n_features(self) -> int:
        """Dimensions of the reduced embedding, and the length feature."""
        width = self._reduction.dims if self._reduction else self._encoder.width
        return width + 1

    @property
    def identity(self) -> str:
        """Hashes of the files read and of the reduction, and the settings."""
        reduced = self._reduction.identity if self._reduction else "none"
        return f"{self._encoder.identity}:reduction={reduced}"

    def state(self) -> bytes:
        """Return the reduction, which router state carries along; empty if there is none."""
        return self._reduction.to_bytes() if self._reduction else b""

    def restored(self, state: bytes) -> OnnxFeaturizer:
        """Return this encoder with the reduction that :meth:`state` saved.

        Raises
        ------
        StateError
            If the bytes are corrupt.
        """
        reduction = Reduction.from_bytes(state) if state else None
        if reduction and reduction.width != self._encoder.width:
            return self
        return OnnxFeaturizer(self._encoder, reduction)

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        """Return the features of one prompt, float32, shape ``(n_features,)``.

        Raises
        ------
        FeaturizerError
            If the encoder fails on it or gives NaN.
        """
        features: npt.NDArray[np.float32] = self.batch([prompt])[0]
        return features

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the features of many prompts, float32, shape ``(len(prompts), n_features)``."""
        embeddings, tokens = self._encoder.embed(prompts)
        if self._reduction:
            embeddings = self._reduction(embeddings)
        return prompt_features(np.ascontiguousarray(embeddings), tokens, self.n_features - 1)

"""Encoders of the user's own: a folder with an ONNX graph and a ``tokenizer.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .embedding import EmbeddingFeaturizer
from .encoder import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt


class OnnxFeaturizer(EmbeddingFeaturizer):
    """Embeds prompts with an encoder folder; made by :meth:`from_folder`.

    Safe to share between threads. The interpreter is free while it tokenizes and runs.

    Notes
    -----
    Features are the ten surface features of the prompt (docs/featurizers.md), then the embedding,
    reduced to ``dims`` dimensions and scaled to unit length.
    """

    def __init__(self, encoder: Encoder, dims: int, seed: int) -> None:
        super().__init__(encoder.width, dims, seed)
        self._encoder = encoder

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
        allow_control_flow: bool = False,
        dims: int = 128,
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
        allow_control_flow
            Whether the graph may have conditions and loops (``If``, ``Loop``, ``Scan``), which can
            run for ever. Encoders need none; allow them to folders you trust.
        dims
            Dimensions kept of a wider embedding, at least 1, by a random projection.
        seed
            Seed of that projection.

        Returns
        -------
        OnnxFeaturizer
            The featurizer, its graph loaded.

        Raises
        ------
        ConfigError
            If an argument breaks its rule.
        EncoderError
            If a file is missing, corrupt or not supported; the message names it.
        UnsafeEncoderError
            If the folder reaches outside itself, needs operators from a library, has another hash
            than expected, loops that were not allowed, or a tokenizer that swells its text.

        Notes
        -----
        What is refused here is what can be known without running the folder. How long a prompt
        takes and how much memory is not: try a folder you did not make with :func:`check_folder`.
        """
        encoder = Encoder(
            path, file, pooling, max_tokens, providers, expect_sha256, allow_control_flow
        )
        return cls(encoder, dims, seed)

    @property
    def encoder(self) -> Encoder:
        """The encoder, and what is known of it."""
        return self._encoder

    @property
    def source(self) -> str:
        """Hashes of the files read, and what changes the embedding beside them."""
        return self._encoder.identity

    def embed(
        self, prompts: Sequence[str]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Embed prompts with the encoder.

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
            If the encoder fails, or gives NaN.
        """
        return self._encoder.embed(prompts)

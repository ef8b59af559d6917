"""The embedded featurizer: the sum of static token vectors, in tens of microseconds."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from messplus._core import SURFACE_FEATURES, WordPiece, prompt_features, surface_features
from messplus.exceptions import ConfigError

from ._session import open_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_DATA = Path(__file__).parent / "data"
_MAX_DIMS = 128
_CHUNK = 256  # prompts run at a time: bounds the memory of a batch


class StaticFeaturizer:
    """Embeds a prompt as the sum of its distinct tokens' vectors, from the table in the package.

    Parameters
    ----------
    dims
        Dimensions of the embedding used, 1 to 128. The table's axes are in order of variance, so
        fewer dimensions are the best that many.
    max_tokens
        Tokens embedded, at least 1. Longer prompts keep their first and last tokens.

    Notes
    -----
    Features are the ten surface features of the prompt (docs/featurizers.md), then the ``dims``
    embedding dimensions scaled to unit length. ``data/SOURCE.md`` tells where the table comes from.
    """

    def __init__(self, dims: int = _MAX_DIMS, max_tokens: int = 512) -> None:
        if not 1 <= dims <= _MAX_DIMS:
            raise ConfigError(f"dims: must be in [1, {_MAX_DIMS}], got {dims}")
        if max_tokens < 1:
            raise ConfigError(f"max_tokens: must be at least 1, got {max_tokens}")
        graph = (_DATA / "static_table.onnx").read_bytes()
        vocabulary = (_DATA / "vocab.txt").read_text(encoding="utf-8")
        self._dims = dims
        self.tokenizer = WordPiece(vocabulary, max_tokens)
        self._session = open_session(graph)
        content = sha256(graph + vocabulary.encode()).hexdigest()
        # "form" stands for the surface features: saved states spell it so.
        self._identity = f"static:{content[:16]}:distinct:form:dims={dims}:max_tokens={max_tokens}"

    @property
    def n_features(self) -> int:
        """Surface features and embedding dimensions."""
        return SURFACE_FEATURES + self._dims

    @property
    def identity(self) -> str:
        """Hash of table and vocabulary, and the settings."""
        return self._identity

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        """Return the features of one prompt, shape ``[n_features]``."""
        features: npt.NDArray[np.float32] = self._run([prompt])[0]
        return features

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the features of many prompts, shape ``[n, n_features]``.

        Each row is bit for bit what the prompt alone gives.
        """
        features = np.empty((len(prompts), self.n_features), dtype=np.float32)
        # Prompts of like length share a chunk, so little of it is padding.
        order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
        for start in range(0, len(order), _CHUNK):
            rows = order[start : start + _CHUNK]
            features[rows] = self._run([prompts[row] for row in rows])
        return features

    def _run(self, prompts: list[str]) -> npt.NDArray[np.float32]:
        ids, mask, tokens = self.tokenizer.encode(prompts)
        (embeddings,) = self._session.run(None, {"ids": ids, "mask": mask})
        return prompt_features(embeddings, surface_features(prompts, tokens), self._dims)

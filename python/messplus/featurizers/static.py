"""The embedded featurizer: the sum of static token vectors, in microseconds."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from messplus._core import SURFACE_FEATURES, StaticTable
from messplus.exceptions import ConfigError

from ._onnx_file import constants
from ._shared import Shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_DATA = Path(__file__).parent / "data"
_MAX_DIMS = 128


class _Table:
    """The shipped table and its hash: megabytes, the same for every router of the process."""

    def __init__(self, dims: int, max_tokens: int) -> None:
        graph = (_DATA / "static_table.onnx").read_bytes()
        vocabulary = (_DATA / "vocab.txt").read_text(encoding="utf-8")
        tensors = constants(graph)
        scale = np.frombuffer(tensors["scale"], "<f4")
        rows = np.frombuffer(tensors["table"], np.int8).reshape(-1, len(scale))
        self.table = StaticTable(
            vocabulary,
            np.ascontiguousarray(rows[:, :dims]),
            scale[:dims].astype(np.float32),
            max_tokens,
        )
        self.sha256 = sha256(graph + vocabulary.encode()).hexdigest()


_tables: Shared[_Table] = Shared()


class StaticFeaturizer:
    """Embeds a prompt as the sum of its distinct tokens' vectors, from the table in the package.

    Parameters
    ----------
    dims
        Dimensions of the embedding used, 1 to 128. The table's axes are in order of variance, so
        fewer dimensions are the best that many.
    max_tokens
        Tokens embedded, at least 1. Longer prompts keep their first and last tokens.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    Features are the ten surface features of the prompt (docs/featurizers.md), then the ``dims``
    embedding dimensions scaled to unit length. ``data/SOURCE.md`` tells where the table comes from.

    Examples
    --------
    >>> StaticFeaturizer(dims=64)("What is the capital of France?").shape
    (74,)
    """

    def __init__(self, dims: int = _MAX_DIMS, max_tokens: int = 512) -> None:
        if not 1 <= dims <= _MAX_DIMS:
            raise ConfigError(f"dims: must be in [1, {_MAX_DIMS}], got {dims}")
        if max_tokens < 1:
            raise ConfigError(f"max_tokens: must be at least 1, got {max_tokens}")
        self._n_features = SURFACE_FEATURES + dims
        self._shared = _tables.get((dims, max_tokens), partial(_Table, dims, max_tokens))
        self.table = self._shared.table
        content = self._shared.sha256[:16]
        # "form" stands for the surface features: saved states spell it so.
        self._identity = f"static:{content}:distinct:form:dims={dims}:max_tokens={max_tokens}"

    @property
    def n_features(self) -> int:
        """Surface features and embedding dimensions."""
        return self._n_features

    @property
    def identity(self) -> str:
        """Hash of table and vocabulary, and the settings."""
        return self._identity

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        """Return the features of one prompt, float32, shape ``(n_features,)``."""
        return self.table.features(prompt)

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Features of many prompts; each row is bit for bit what the prompt alone gives.

        Parameters
        ----------
        prompts
            Texts, n of them.

        Returns
        -------
        ndarray
            float32, shape ``(n, n_features)``.
        """
        return self.table.batch(list(prompts))

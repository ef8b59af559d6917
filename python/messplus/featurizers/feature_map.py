"""The vector a router decides on: text features, then the block of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import FeaturizerError, InputError, ShapeError

from .tags import hash_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from .base import Featurizer


class FeatureMap:
    """Composes a featurizer with hashed tags.

    Parameters
    ----------
    featurizer
        Turns the prompt into the leading features.
    tag_features
        Length of the trailing block, zero without tags.
    """

    def __init__(self, featurizer: Featurizer, tag_features: int) -> None:
        self._featurizer = featurizer
        self._n_text = featurizer.n_features
        self._tag_features = tag_features

    @property
    def n_features(self) -> int:
        """Length of the composed vector."""
        return self._n_text + self._tag_features

    @property
    def identity(self) -> str:
        """Names the computation, as :attr:`Featurizer.identity` does."""
        return f"{self._featurizer.identity}[{self._n_text}]+tags{self._tag_features}"

    def __call__(
        self, prompt: str, tags: Mapping[str, str] | None = None
    ) -> npt.NDArray[np.float32]:
        """Features of one request, float32, shape ``(n_features,)``.

        Raises
        ------
        InputError
            If the prompt is not a string or a tag breaks its rule.
        FeaturizerError
            If the featurizer fails, or gives something else than finite features of its length.
        """
        if not isinstance(prompt, str):
            raise InputError(f"prompt: must be a string, got {type(prompt).__name__}")
        block = hash_tags(tags, self._tag_features) if tags else None
        try:
            text = self._featurizer(prompt)
            if text.shape != (self._n_text,):
                raise ShapeError(f"features: must have shape ({self._n_text},), got {text.shape}")
            vector = self._join(text, block)
        except Exception as error:
            raise FeaturizerError(f"featurizer: {type(error).__name__}") from error
        if not np.isfinite(vector).all():
            raise FeaturizerError("featurizer: must give finite numbers")
        return vector

    def ready(
        self, features: npt.ArrayLike, tags: Mapping[str, str] | None = None
    ) -> npt.NDArray[np.float32]:
        """Features the caller brings: text features alone, or the whole vector.

        Raises
        ------
        ShapeError
            If the features are not numbers, their length is neither that of the text features nor
            that of the whole vector, or tags are given beside a whole vector.
        """
        vector = _float32(features)
        if vector.shape == (self.n_features,) and not tags:
            return vector
        if vector.shape != (self._n_text,):
            expected = (
                f"({self._n_text},)" if tags else f"({self._n_text},) or ({self.n_features},)"
            )
            raise ShapeError(f"features: must have shape {expected}, got {vector.shape}")
        return self._join(vector, hash_tags(tags, self._tag_features) if tags else None)

    def _join(
        self, text: npt.NDArray[np.float32], block: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float32]:
        vector = np.zeros(self.n_features, np.float32)
        vector[: self._n_text] = text
        if block is not None:
            vector[self._n_text :] = block
        return vector


def _float32(features: npt.ArrayLike) -> npt.NDArray[np.float32]:
    if isinstance(features, np.ndarray) and features.dtype == np.float32:
        return np.ascontiguousarray(features)
    try:
        array = np.asarray(features)
    except ValueError as error:
        raise ShapeError(f"features: must be one array of numbers, got {error}") from error
    if not np.can_cast(array.dtype, np.float32, "same_kind"):
        raise ShapeError(f"features: must be real numbers, got dtype {array.dtype}")
    with np.errstate(over="ignore"):  # becomes infinite, and that is refused by name
        return np.ascontiguousarray(array, np.float32)

"""The vector a router decides on: text features, then the block of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import FeaturizerError, NonFiniteError, ShapeError

from .chat import prompt_text
from .static import StaticFeaturizer
from .tags import hash_tags
from .vector import VectorFeaturizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from .base import Featurizer
    from .chat import Prompt


_FLOAT32 = np.dtype(np.float32)


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
        self._raw_features = featurizer if isinstance(featurizer, VectorFeaturizer) else None
        self._n_text = featurizer.n_features
        self._shape = (self._n_text + tag_features,)
        self._tag_features = tag_features

    @property
    def tag_features(self) -> int:
        """Length of the trailing block."""
        return self._tag_features

    @property
    def n_text(self) -> int:
        """Length of the leading block."""
        return self._n_text

    @property
    def n_features(self) -> int:
        """Length of the composed vector."""
        return self._n_text + self._tag_features

    @property
    def identity(self) -> str:
        """Names the computation, as :attr:`Featurizer.identity` does."""
        return f"{self._featurizer.identity}[{self._n_text}]+tags{self._tag_features}"

    @property
    def featurizer(self) -> Featurizer:
        """Turns the prompt into the leading features."""
        return self._featurizer

    def __call__(
        self, prompt: Prompt, tags: Mapping[str, str] | None = None
    ) -> npt.NDArray[np.float32]:
        """Features of one request, float32, shape ``(n_features,)``.

        Raises
        ------
        InputError
            If the prompt is neither a string nor chat messages, or a tag breaks its rule.
        FeaturizerError
            If the featurizer fails, or gives something else than finite features of its length.
        """
        text = prompt_text(prompt)
        block = hash_tags(tags, self._tag_features) if tags else None
        if isinstance(self._featurizer, StaticFeaturizer):
            # One native call, whose numbers are finite: the usual case, which has to be quick.
            vector = self._featurizer.table.features(text, self._tag_features)
            if block is not None:
                vector[self._n_text :] = block
            return vector
        try:
            features = self._featurizer(text)
        except Exception as error:
            raise FeaturizerError(f"featurizer: {type(error).__name__}") from error
        return self._join(self._checked(features, (self._n_text,)), block)

    def batch(
        self,
        prompts: Sequence[Prompt],
        tags: Sequence[Mapping[str, str] | None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Features of many requests.

        Parameters
        ----------
        prompts
            The requests, n of them.
        tags
            Tags of each.

        Returns
        -------
        ndarray
            float32, shape ``(n, n_features)``.

        Raises
        ------
        InputError
            If a prompt is neither a string nor chat messages, or a tag breaks its rule.
        FeaturizerError
            If the featurizer fails, or gives something else than finite features of its length.
        """
        texts = [prompt_text(prompt) for prompt in prompts]
        vectors = np.zeros((len(texts), self.n_features), np.float32)
        for row, given in enumerate(tags or ()):
            if given:
                vectors[row, self._n_text :] = hash_tags(given, self._tag_features)
        vectors[:, : self._n_text] = self.texts(texts)
        return vectors

    def texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Leading features of many texts.

        Parameters
        ----------
        texts
            Texts, n of them.

        Returns
        -------
        ndarray
            float32, shape ``(n, n_text)``.

        Raises
        ------
        FeaturizerError
            If the featurizer fails, or gives something else than finite features of its length.
        """
        try:
            features = self._featurizer.batch(texts)
        except Exception as error:
            raise FeaturizerError(f"featurizer: {type(error).__name__}") from error
        return self._checked(features, (len(texts), self._n_text))

    @staticmethod
    def _checked(
        features: npt.NDArray[np.float32], shape: tuple[int, ...]
    ) -> npt.NDArray[np.float32]:
        """Whatever a featurizer of the user's gives, only finite numbers reach the learner."""
        found = getattr(features, "shape", None)
        if found != shape:
            raise FeaturizerError(f"featurizer: must give shape {shape}, got {found}")
        if not np.isfinite(features).all():
            raise FeaturizerError("featurizer: must give finite numbers")
        return features

    def ready(
        self,
        features: npt.ArrayLike,
        tags: Mapping[str, str] | None = None,
        tokens: float | None = None,
        prompt: Prompt | None = None,
    ) -> npt.NDArray[np.float32]:
        """Features the caller brings: text features alone, or the whole vector.

        For a :class:`VectorFeaturizer` they are a raw embedding.

        Parameters
        ----------
        features
            Numbers, shape ``(n_text,)`` or ``(n_features,)``; of a raw embedding, its width.
        tags
            Tags of the request.
        tokens, prompt
            What is known of the prompt behind a raw embedding.

        Returns
        -------
        ndarray
            float32, shape ``(n_features,)``.

        Raises
        ------
        InputError
            If a raw embedding is that of a prompt that is neither a string nor chat messages.
        ShapeError
            If the features are not numbers, their length is neither that of the text features nor
            that of the whole vector, or tags are given beside a whole vector.
        NonFiniteError
            If a raw embedding is not finite.
        """
        if self._raw_features is not None:
            text = "" if prompt is None else prompt_text(prompt)
            return self._raw(self._raw_features, _float32(features), tags, tokens, text)
        if (
            type(features) is np.ndarray
            and features.shape == self._shape
            and features.dtype is _FLOAT32  # one object stands for native floats
            and not tags
        ):
            # Nothing needs to be done: the usual case, which has to be quick.
            return features
        vector = _float32(features)
        if vector.shape == self._shape and not tags:
            return vector
        if vector.shape != (self._n_text,):
            whole = "" if tags or not self._tag_features else f" or ({self.n_features},)"
            expected = f"({self._n_text},){whole}"
            raise ShapeError(f"features: must have shape {expected}, got {vector.shape}")
        return self._join(vector, hash_tags(tags, self._tag_features) if tags else None)

    def _raw(
        self,
        featurizer: VectorFeaturizer,
        vector: npt.NDArray[np.float32],
        tags: Mapping[str, str] | None,
        tokens: float | None,
        text: str,
    ) -> npt.NDArray[np.float32]:
        if vector.shape != (featurizer.width,):
            raise ShapeError(f"features: must have shape ({featurizer.width},), got {vector.shape}")
        if not np.isfinite(vector).all():
            index = int(np.flatnonzero(~np.isfinite(vector))[0])
            raise NonFiniteError(f"features[{index}]: must be finite, got {vector[index]}")
        block = hash_tags(tags, self._tag_features) if tags else None
        return self._join(featurizer.one(vector, tokens, text), block)

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

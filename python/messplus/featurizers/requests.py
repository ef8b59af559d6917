"""Features of requests, whatever happens: a request is never failed by its featurizer."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from messplus._core import Histogram
from messplus._logger import logger
from messplus._text import printable
from messplus.exceptions import FeaturizerError, InputError, StateError

from ._background import Background
from .base import Featurizer
from .embedding import EmbeddingFeaturizer
from .feature_map import FeatureMap
from .function import FunctionFeaturizer
from .static import StaticFeaturizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from .chat import Prompt

    Vector = npt.NDArray[np.float32]
    Tags = Mapping[str, str] | None
    AnyFeaturizer = Featurizer | Callable[[str], npt.ArrayLike] | None
_THREADS = 2
_QUEUE = 64
# From ten microseconds to a tenth of a second.
DURATIONS = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1)


class RequestFeatures:
    """Turns requests into the vectors a router decides on, or into None, counted and logged.

    Parameters
    ----------
    featurizer
        A featurizer, or any function from text to a vector; the embedded table by default.
    tag_features
        Length of the block of tags.

    Attributes
    ----------
    map
        The composition of featurizer and tags.
    errors
        Prompts routed without features because the featurizer failed or its queue was full.
    timeouts
        Prompts routed without features because the deadline had passed.
    durations
        How long prompts took to featurize, one by one.
    """

    def __init__(
        self,
        featurizer: AnyFeaturizer,
        tag_features: int,
    ) -> None:
        if featurizer is None:
            featurizer = StaticFeaturizer()
        elif not isinstance(featurizer, Featurizer):
            featurizer = FunctionFeaturizer(featurizer)
        self.map = FeatureMap(featurizer, tag_features)
        self.errors = 0
        self.timeouts = 0
        self.durations = Histogram(DURATIONS)
        # The embedded table is quicker than handing a prompt to another thread.
        self._inline = isinstance(featurizer, StaticFeaturizer)
        self._background: Background | None = None
        self._lock = threading.Lock()

    def metadata(self) -> str:
        """What saved state records of the features, as JSON; :meth:`from_metadata` reads it."""
        featurizer = self.map.featurizer
        reduction = featurizer.state() if isinstance(featurizer, EmbeddingFeaturizer) else b""
        return json.dumps(
            {
                "featurizer": self.map.identity,
                "tag_features": self.map.tag_features,
                "reduction": b64encode(reduction).decode("ascii"),
            }
        )

    @classmethod
    def from_metadata(
        cls,
        metadata: str,
        featurizer: AnyFeaturizer,
    ) -> RequestFeatures:
        """Return the features that state was made with.

        Raises
        ------
        StateError
            If the state was made with another featurizer; the message names both.
        """
        try:
            known = json.loads(metadata)
            expected, tag_features = known["featurizer"], known["tag_features"]
            reduction = b64decode(known.get("reduction", ""), validate=True)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StateError("state: must be a router's, got a bare controller's") from None
        if featurizer is not None and not isinstance(featurizer, Featurizer):
            featurizer = FunctionFeaturizer(featurizer)
        if reduction and isinstance(featurizer, EmbeddingFeaturizer):
            featurizer = featurizer.restored(reduction)
        features = cls(featurizer, tag_features)
        found = features.map.identity
        if found != expected:
            raise StateError(f"featurizer: must be {expected!r} as in the state, got {found!r}")
        return features

    def one(
        self,
        prompt: Prompt | None,
        tags: Tags,
        features: npt.ArrayLike | None,
        tokens: float | None = None,
    ) -> Vector | None:
        """Return the vector of one request.

        Raises
        ------
        InputError
            If an argument breaks its rule.
        """
        if features is not None:
            return self.map.ready(features, tags, tokens, prompt)
        try:
            return self._timed(_given(prompt), tags)
        except FeaturizerError as error:
            self._count_error(error)
            return None

    def look(
        self,
        prompt: Prompt | None,
        tags: Tags,
        features: npt.ArrayLike | None,
        tokens: float | None = None,
    ) -> Vector:
        """Return the vector of one request, and count nothing.

        Raises
        ------
        InputError
            If an argument breaks its rule.
        FeaturizerError
            If the prompt cannot be turned into features.
        """
        if features is not None:
            return self.map.ready(features, tags, tokens, prompt)
        return self.map(_given(prompt), tags)

    async def one_async(
        self,
        prompt: Prompt | None,
        tags: Tags,
        features: npt.ArrayLike | None,
        tokens: float | None,
        deadline: float,
    ) -> Vector | None:
        """Return the vector of one request, computed off the event loop within a deadline.

        Raises
        ------
        InputError
            If an argument breaks its rule.
        """
        if self._inline or prompt is None or features is not None:
            return self.one(prompt, tags, features, tokens)
        if not deadline > 0.0:
            raise InputError(f"deadline: must be positive, got {deadline}")
        try:
            return await self._pool().run(partial(self._timed, prompt, tags), deadline)
        except TimeoutError:
            with self._lock:
                self.timeouts += 1
            logger.warning("routed without features: deadline of %g s passed", deadline)
            return None
        except FeaturizerError as error:
            self._count_error(error)
            return None

    def many(self, prompts: Sequence[Prompt], tags: Sequence[Tags] | None) -> list[Vector | None]:
        """Return the vectors of many requests, featurized in batches of like length.

        Raises
        ------
        InputError
            If an argument breaks its rule.
        """
        if tags is not None and len(tags) != len(prompts):
            raise InputError(f"tags: must be one per prompt, {len(prompts)}, got {len(tags)}")
        try:
            return list(self.map.batch(prompts, tags))
        except FeaturizerError:
            # One of them breaks the batch: find out which.
            tags = tags or [None] * len(prompts)
            return [self.one(prompt, tag, None) for prompt, tag in zip(prompts, tags, strict=True)]

    def _timed(self, prompt: Prompt, tags: Tags) -> Vector:
        start = perf_counter()
        vector = self.map(prompt, tags)
        self.durations.observe(perf_counter() - start)
        return vector

    def _pool(self) -> Background:
        with self._lock:
            if self._background is None:
                self._background = Background(_THREADS, _QUEUE)
            return self._background

    def _count_error(self, error: FeaturizerError) -> None:
        with self._lock:
            self.errors += 1
        # The error names what failed; the prompt itself is never logged.
        logger.warning("routed without features: %s", printable(str(error)))


def _given(prompt: Prompt | None) -> Prompt:
    if prompt is None:
        raise InputError("prompt: needed where no features are given, got None")
    return prompt

"""Any function from text to a vector, as a featurizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus._core import prompt_features
from messplus.exceptions import ConfigError, FeaturizerError

from .reduction import Reduction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

# Characters per token of English text under the tokenizers in use.
_CHARACTERS_PER_TOKEN = 4.0


class FunctionFeaturizer:
    """Embeds prompts with a function of the user's.

    Parameters
    ----------
    function
        Takes a prompt, returns a vector of finite numbers, always of the same length. Called
        from many threads at once if the router is.
    identity
        Names the function in saved state; change it when the function changes. By default its
        module and qualified name.
    dims
        Dimensions kept of a longer vector, by a random projection, at least 1.
    seed
        Seed of that projection.

    Raises
    ------
    ConfigError
        If ``dims`` is less than 1, or the function does not give a vector for an empty prompt.

    Notes
    -----
    Features are the vector, reduced and scaled to unit length, then one feature of the prompt's
    length, ``0.3 (ln(tokens) - 3.5) / 1.5`` with four characters to a token.
    """

    def __init__(
        self,
        function: Callable[[str], npt.ArrayLike],
        identity: str | None = None,
        *,
        dims: int = 63,
        seed: int = 0,
    ) -> None:
        if dims < 1:
            raise ConfigError(f"dims: must be at least 1, got {dims}")
        self._function = function
        try:
            probe = np.asarray(function(""), np.float32)
        except Exception as error:
            raise ConfigError(
                f"featurizer: must return a vector for an empty prompt, raised {error!r}"
            ) from error
        if probe.ndim != 1 or len(probe) == 0:
            raise ConfigError(f"featurizer: must return a vector, got shape {probe.shape}")
        self._width = len(probe)
        self._reduction = Reduction.random(self._width, dims, seed) if self._width > dims else None
        module = getattr(function, "__module__", type(function).__module__)
        name = identity or f"{module}.{getattr(function, '__qualname__', type(function).__name__)}"
        reduced = f":dims={dims}:seed={seed}" if self._reduction else ""
        self._identity = f"function:{name}:width={self._width}{reduced}"

    @property
    def n_features(self) -> int:
        """Dimensions of the vector after reduction, and the length feature."""
        return (self._reduction.dims if self._reduction else self._width) + 1

    @property
    def identity(self) -> str:
        """Name of the function and the settings."""
        return self._identity

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        """Return the features of one prompt, float32, shape ``(n_features,)``.

        Raises
        ------
        FeaturizerError
            If the function returns another shape than before, or a number that is not finite.
        """
        features: npt.NDArray[np.float32] = self.batch([prompt])[0]
        return features

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the features of many prompts, float32, shape ``(len(prompts), n_features)``."""
        vectors = np.empty((len(prompts), self._width), np.float32)
        for row, prompt in enumerate(prompts):
            vector = np.asarray(self._function(prompt), np.float32)
            if vector.shape != (self._width,) or not np.isfinite(vector).all():
                raise FeaturizerError(
                    f"featurizer: must return {self._width} finite numbers, "
                    f"got shape {vector.shape}"
                )
            vectors[row] = vector
        if self._reduction:
            vectors = self._reduction(vectors)
        tokens = np.array([len(p) / _CHARACTERS_PER_TOKEN for p in prompts], np.float32)
        return prompt_features(np.ascontiguousarray(vectors), tokens, self.n_features - 1)

"""Any function from text to a vector, as a featurizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import ConfigError, FeaturizerError

from .embedding import EmbeddingFeaturizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

# Characters per token of English text under the tokenizers in use.
_CHARACTERS_PER_TOKEN = 4.0


class FunctionFeaturizer(EmbeddingFeaturizer):
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
    Features are the ten surface features of the prompt (docs/featurizers.md), with four characters
    to a token, then the vector, reduced and scaled to unit length.
    """

    def __init__(
        self,
        function: Callable[[str], npt.ArrayLike],
        identity: str | None = None,
        *,
        dims: int = 128,
        seed: int = 0,
    ) -> None:
        self._function = function
        try:
            probe = np.asarray(function(""), np.float32)
        except Exception as error:
            raise ConfigError(
                f"featurizer: must return a vector for an empty prompt, raised {error!r}"
            ) from error
        if probe.ndim != 1 or len(probe) == 0:
            raise ConfigError(f"featurizer: must return a vector, got shape {probe.shape}")
        super().__init__(len(probe), dims, seed)
        module = getattr(function, "__module__", type(function).__module__)
        qualified = getattr(function, "__qualname__", type(function).__name__)
        self._name = identity or f"{module}.{qualified}"

    @property
    def source(self) -> str:
        """Name of the function, and the width."""
        return f"function:{self._name}:width={self._width}"

    def embed(
        self, prompts: Sequence[str]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Embed prompts with the function.

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
            If the function returns another shape than before, or a number that is not finite.
        """
        vectors = np.empty((len(prompts), self._width), np.float32)
        for row, prompt in enumerate(prompts):
            vector = np.asarray(self._function(prompt), np.float32)
            if vector.shape != (self._width,) or not np.isfinite(vector).all():
                raise FeaturizerError(
                    f"featurizer: must return {self._width} finite numbers, "
                    f"got shape {vector.shape}"
                )
            vectors[row] = vector
        tokens = np.array([len(p) / _CHARACTERS_PER_TOKEN for p in prompts], np.float32)
        return vectors, tokens

"""Features of a table's prompts, computed once and kept on disk."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from messplus._files import replacing
from messplus._progress import Progress
from messplus.exceptions import ConfigError
from messplus.featurizers import EmbeddingFeaturizer, Featurizer, StaticFeaturizer, hash_tags

from .tables import Table

_TAG_FEATURES = 16
_BATCH = 2048


def policy_features(
    table: Table, *, tags: bool = False, featurizer: Featurizer | None = None, fit: int = 0
) -> npt.NDArray[np.float32]:
    """Compute what a router sees of each prompt.

    Parameters
    ----------
    table
        Outcomes of n requests.
    tags
        Whether the source of a request is given as a tag.
    featurizer
        The router's; the embedded table by default.
    fit
        Prompts of the table, drawn once, that the featurizer's axes are fitted to.

    Returns
    -------
    ndarray
        ``float32 [n, k]``.

    Raises
    ------
    ConfigError
        If tags are asked for and the table has no sources, or a fit of a featurizer without axes.
    InputError
        If the prompts to fit to are too few.
    """
    featurizer = featurizer or StaticFeaturizer()
    if isinstance(featurizer, EmbeddingFeaturizer):
        return _with_tags(table, _embedded(table.prompts, featurizer, fit), tags)
    if fit:
        raise ConfigError(f"fit: needs an encoder, got {fit} for {featurizer.identity}")
    return _with_tags(table, _cached(table.prompts, featurizer), tags)


def _with_tags(
    table: Table, features: npt.NDArray[np.float32], tags: bool
) -> npt.NDArray[np.float32]:
    if not tags:
        return features
    if table.sources is None:
        raise ConfigError(f"tags: source needs a column 'source', got none in {table.path}")
    blocks = [hash_tags({"source": source}, _TAG_FEATURES) for source in table.sources]
    return np.hstack([features, np.stack(blocks)])


def _embedded(
    prompts: Sequence[str], featurizer: EmbeddingFeaturizer, fit: int
) -> npt.NDArray[np.float32]:
    """Embeddings are kept whole, so that every reduction of them comes from one computation."""
    kept = _cached(prompts, _Whole(featurizer))
    embeddings, tokens = np.ascontiguousarray(kept[:, :-1]), np.ascontiguousarray(kept[:, -1])
    if fit:
        sample = np.random.default_rng(0).permutation(len(prompts))[:fit]
        featurizer = featurizer.fitted(embeddings[sample])
    return featurizer.features(prompts, tokens, embeddings)


class _Whole:
    """An embedding as a vector, the number of tokens behind it."""

    def __init__(self, featurizer: EmbeddingFeaturizer) -> None:
        self._embed = featurizer.embed
        self.n_features = featurizer.width + 1
        self.identity = f"{featurizer.source}:whole"

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        embeddings, tokens = self._embed(prompts)
        return np.column_stack([embeddings, tokens])


def _cached(prompts: Sequence[str], featurizer: Featurizer | _Whole) -> npt.NDArray[np.float32]:
    path = cache_directory() / "features" / f"{_digest(prompts, featurizer)}.npy"
    shape = (len(prompts), featurizer.n_features)
    try:
        stored = np.load(path, allow_pickle=False)
        if stored.shape == shape and stored.dtype == np.float32:
            return np.asarray(stored)
    except (OSError, ValueError, EOFError):
        pass  # Not there, or damaged: computed again.
    features = np.empty(shape, dtype=np.float32)
    with Progress(len(prompts), "features") as progress:
        for start in range(0, len(prompts), _BATCH):
            batch = prompts[start : start + _BATCH]
            features[start : start + len(batch)] = featurizer.batch(batch)
            progress.update(start + len(batch))
    _store(path, features)
    return features


def _digest(prompts: Sequence[str], featurizer: Featurizer | _Whole) -> str:
    digest = hashlib.sha256(featurizer.identity.encode())
    for prompt in prompts:
        text = prompt.encode("utf-8", "surrogatepass")
        # The length keeps ["ab", "c"] apart from ["a", "bc"].
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)
    return digest.hexdigest()


def cache_directory() -> Path:
    """Where computed features are kept: ``MESSPLUS_CACHE``, or below the user's cache."""
    if own := os.environ.get("MESSPLUS_CACHE"):
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "messplus"


def _store(path: Path, features: npt.NDArray[np.float32]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            np.save(file, features)
    except OSError:
        pass  # A cache that cannot be written costs time, not the result.

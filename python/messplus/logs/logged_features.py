"""What a router sees of the requests of logged data, and axes fitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from messplus.exceptions import FeaturizerError, InputError
from messplus.featurizers.chat import prompt_text
from messplus.featurizers.embedding import EmbeddingFeaturizer
from messplus.featurizers.requests import RequestFeatures
from messplus.featurizers.tags import hash_tags
from messplus.featurizers.vector import VectorFeaturizer

from .logged_data import at_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from .logged_data import Columns

    Array = npt.NDArray[np.float32]

# Fewer prompts per axis tell the axes of the sample, not those of the traffic.
_PROMPTS_PER_AXIS = 2


def featurize(
    columns: Columns,
    features: RequestFeatures,
    tokens: npt.NDArray[np.uint32],
    fit: bool | None,
    is_new: Callable[[], bool],
) -> tuple[RequestFeatures, Array]:
    """Return what featurizes, fitted or as it was, and the vectors of the rows.

    Vectors are ``[n, n_features]``, zero where a row has no prompt.

    Parameters
    ----------
    columns
        The logged data.
    features
        Features of the router.
    tokens
        Tokens of the prompts, ``[n]``.
    fit
        Whether to fit axes first; None where that can be done.
    is_new
        Whether nothing has happened to the router.

    Raises
    ------
    InputError
        If a row breaks a rule, or ``fit`` is asked for and cannot be done.
    FeaturizerError
        If the featurizer fails.
    """
    texts = _texts(columns)
    refusal = "not asked for" if fit is False else _refusal(columns, texts, features, is_new)
    if fit and refusal:
        raise InputError(f"fit: {refusal}, got True")
    featurizer = features.map.featurizer
    if refusal or not isinstance(featurizer, EmbeddingFeaturizer):
        leading = features.map.texts(list(texts.values())) if texts else None
    elif isinstance(featurizer, VectorFeaturizer):
        leading = None
        _vectors(columns, features, tokens)  # names the row that has no embedding of this width
        features = _with(features, featurizer.fitted(_raw(columns)))
    else:
        sample = list(texts.values())
        embeddings, lengths = _embed(featurizer, sample)
        fitted = featurizer.fitted(embeddings)
        leading = fitted.features(sample, lengths, embeddings)
        features = _with(features, fitted)
    vectors = _vectors(columns, features, tokens)
    if leading is not None:
        vectors[list(texts), : features.map.n_text] = leading
    return features, vectors


def _texts(columns: Columns) -> dict[int, str]:
    """Return the texts of rows that have no ready features."""
    found: dict[int, str] = {}
    absent: Sequence[Any] = [None] * len(columns["model"])
    prompts, ready = (columns.get(name, absent) for name in ("prompt", "features"))
    for row, (prompt, features) in enumerate(zip(prompts, ready, strict=True)):
        if prompt is not None and features is None:
            with at_row(row):
                found[row] = prompt_text(prompt)
    return found


def _refusal(
    columns: Columns, texts: dict[int, str], features: RequestFeatures, is_new: Callable[[], bool]
) -> str | None:
    """Return why axes cannot be fitted, if they cannot."""
    featurizer = features.map.featurizer
    if not isinstance(featurizer, EmbeddingFeaturizer):
        return "needs a featurizer that reduces embeddings"
    dims = featurizer.dims
    if featurizer.width <= dims:
        return f"needs embeddings wider than the {dims} dimensions kept"
    ready = sum(vector is not None for vector in columns.get("features", ()))
    takes_vectors = isinstance(featurizer, VectorFeaturizer)
    if ready and not takes_vectors:
        return "needs prompts in every row, not features made with other axes"
    samples = ready if takes_vectors else len(texts)
    if samples < _PROMPTS_PER_AXIS * dims:
        return f"needs {_PROMPTS_PER_AXIS * dims} prompts, not {samples}"
    return None if is_new() else "must be asked for before anything was decided or learned"


def _embed(featurizer: EmbeddingFeaturizer, texts: list[str]) -> tuple[Array, Array]:
    try:
        return featurizer.embed(texts)
    except FeaturizerError:
        raise
    except Exception as error:
        raise FeaturizerError(f"featurizer: {type(error).__name__}") from error


def _raw(columns: Columns) -> Array:
    return np.stack([np.asarray(v, np.float32) for v in columns["features"] if v is not None])


def _with(features: RequestFeatures, featurizer: EmbeddingFeaturizer) -> RequestFeatures:
    return RequestFeatures(featurizer, features.map.tag_features)


def _vectors(columns: Columns, features: RequestFeatures, tokens: npt.NDArray[np.uint32]) -> Array:
    """Return tags and ready features of every row."""
    n = len(columns["model"])
    found = np.zeros((n, features.map.n_features), np.float32)
    absent = [None] * n
    given = (columns.get(name, absent) for name in ("prompt", "tags", "features"))
    for row, (prompt, tags, ready, length) in enumerate(zip(*given, tokens, strict=True)):
        with at_row(row):
            if ready is not None:
                found[row] = features.map.ready(ready, tags, length or None, prompt)
            elif tags:
                found[row, features.map.n_text :] = hash_tags(tags, features.map.tag_features)
    return found

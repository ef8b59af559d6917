"""Tags of a request, hashed into a vector of fixed length."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import InputError

if TYPE_CHECKING:
    import numpy.typing as npt


# Beside an embedding of unit length; at full length a tag costs one percent more (docs/policy.md).
_LENGTH = 0.5

# What the cache may hold: 4096 tags of at most 4 KB with their vector.
_LONGEST_KEPT = 256  # characters of name and value
_WIDEST_KEPT = 256


def hash_tags(tags: Mapping[str, str], n_features: int) -> npt.NDArray[np.float32]:
    """Sum of one pseudo-random vector of length 0.5 per tag.

    Operators know things about a request that its text does not show: the task, the tenant. Each
    pair of name and value has a fixed vector with entries ``+-0.5/sqrt(n_features)`` taken from the
    bits of its SHAKE-128 digest, so nothing has to be registered and equal tags agree across
    processes.

    Parameters
    ----------
    tags
        Tag names and values.
    n_features
        Length of the vector.

    Returns
    -------
    ndarray
        float32, shape ``(n_features,)``.

    Raises
    ------
    InputError
        If the tags are no mapping, a name or value is not a string, or there are tags and no room
        for them.
    """
    if not isinstance(tags, Mapping):
        raise InputError(f"tags: must map names to values, got {tags!r}")
    total = np.zeros(n_features, np.float32)
    for name, value in tags.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InputError(f"tags: names and values must be strings, got {name!r}: {value!r}")
        if n_features == 0:
            raise InputError(f"tags: this router was made with tag_features=0, got {dict(tags)!r}")
        short = len(name) + len(value) <= _LONGEST_KEPT and n_features <= _WIDEST_KEPT
        total += (_kept_signs if short else _signs)(name, value, n_features)
    return total


def _signs(name: str, value: str, n_features: int) -> npt.NDArray[np.float32]:
    # The length keeps {"a": "b=c"} apart from {"a=b": "c"}.
    digest = hashlib.shake_128(f"{len(name)}:".encode())
    digest.update(name.encode("utf-8", "surrogatepass"))
    digest.update(b"=")
    digest.update(value.encode("utf-8", "surrogatepass"))
    packed = np.frombuffer(digest.digest(-(-n_features // 8)), np.uint8)
    bits = np.unpackbits(packed, count=n_features)
    signs: npt.NDArray[np.float32] = (2.0 * bits - 1.0).astype(np.float32)
    return signs * np.float32(_LENGTH / np.sqrt(n_features))


_kept_signs = lru_cache(maxsize=4096)(_signs)

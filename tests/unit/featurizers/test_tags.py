"""Hashed tags: stable, orthogonal, bounded."""

import gc
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from messplus.exceptions import InputError
from messplus.featurizers import hash_tags


def test_no_tags_are_zeros() -> None:
    assert hash_tags({}, 16).tolist() == [0.0] * 16


def test_a_tag_is_a_vector_of_signs_of_length_one_half() -> None:
    features = hash_tags({"task": "qa"}, 16)
    assert features.dtype == np.float32
    assert set(np.abs(features).tolist()) == {0.125}


def test_the_hash_never_changes() -> None:
    signs = "".join("+" if x > 0 else "-" for x in hash_tags({"task": "qa"}, 16))
    assert signs == "+-+++-+-++-++-++"


def test_the_hash_is_the_same_in_every_process() -> None:
    code = "from messplus.featurizers import hash_tags; print(hash_tags({'a': 'b'}, 64).tobytes())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_order_does_not_matter() -> None:
    forward = hash_tags({"task": "qa", "tenant": "a", "tier": "gold"}, 64)
    backward = hash_tags({"tier": "gold", "tenant": "a", "task": "qa"}, 64)
    np.testing.assert_allclose(forward, backward, atol=1e-7)


def test_distinct_tags_are_nearly_orthogonal() -> None:
    vectors = 2 * np.stack([hash_tags({"tenant": str(i)}, 256) for i in range(50)])
    overlap = np.abs(vectors @ vectors.T - np.eye(50))
    assert overlap.max() < 0.35


def test_the_boundary_of_key_and_value_counts() -> None:
    assert hash_tags({"a": "b=c"}, 32).tolist() != hash_tags({"a=b": "c"}, 32).tolist()


def test_long_tags_are_hashed_and_not_kept() -> None:
    hash_tags({"warm": "up"}, 16)
    tracemalloc.start()
    try:
        for index in range(50):
            hash_tags({"document": f"{index}" + "x" * 200_000}, 16)
            hash_tags({"tenant": f"{index}"}, 50_000)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 200_000


def test_a_long_tag_hashes_as_a_short_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    tag = {"ta\ud800sk": "q\udc00ä=:a"}
    kept = hash_tags(tag, 32)
    monkeypatch.setattr("messplus.featurizers.tags._LONGEST_KEPT", 0)
    assert hash_tags(tag, 32).tobytes() == kept.tobytes()


def test_values_that_are_not_strings_are_refused() -> None:
    with pytest.raises(InputError, match="tags: names and values must be strings"):
        hash_tags({"tier": 1}, 16)  # type: ignore[dict-item]


def test_tags_without_room_for_them_are_refused() -> None:
    with pytest.raises(InputError, match="tag_features=0"):
        hash_tags({"task": "qa"}, 0)

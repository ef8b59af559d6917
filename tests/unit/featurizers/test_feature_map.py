"""The layout of the vector the core learns from."""

import numpy as np
import pytest

from messplus.exceptions import InputError, ShapeError
from messplus.featurizers import FeatureMap, StaticFeaturizer, hash_tags


@pytest.fixture(scope="module")
def feature_map() -> FeatureMap:
    return FeatureMap(StaticFeaturizer(dims=31), tag_features=8)


def test_prompt_features_come_first_then_tags(feature_map: FeatureMap) -> None:
    features = feature_map("hello", {"task": "qa"})
    assert features.shape == (feature_map.n_features,) == (49,)
    np.testing.assert_array_equal(features[:41], StaticFeaturizer(dims=31)("hello"))
    np.testing.assert_array_equal(features[41:], hash_tags({"task": "qa"}, 8))


def test_without_tags_their_block_is_zero(feature_map: FeatureMap) -> None:
    assert not feature_map("hello")[41:].any()


def test_ready_features_are_those_of_the_prompt_or_the_whole_vector(
    feature_map: FeatureMap,
) -> None:
    whole = feature_map("hello", {"task": "qa"})
    np.testing.assert_array_equal(feature_map.ready(whole), whole)
    np.testing.assert_array_equal(feature_map.ready(whole[:41].tolist(), {"task": "qa"}), whole)


def test_ready_features_of_another_length_are_refused(feature_map: FeatureMap) -> None:
    with pytest.raises(ShapeError, match=r"features: must have shape .* got \(33,\)"):
        feature_map.ready(np.zeros(33))
    with pytest.raises(ShapeError, match="features: must have shape"):
        feature_map.ready(np.zeros(49), {"task": "qa"})


def test_a_prompt_that_is_no_string_is_refused(feature_map: FeatureMap) -> None:
    with pytest.raises(
        InputError, match="prompt: must be a string or a list of messages, got bytes"
    ):
        feature_map(b"hello")


def test_identity_covers_both_parts(feature_map: FeatureMap) -> None:
    assert StaticFeaturizer(dims=31).identity in feature_map.identity
    assert FeatureMap(StaticFeaturizer(dims=31), 4).identity != feature_map.identity

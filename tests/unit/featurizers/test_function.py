"""Functions of the user's as featurizers."""

import numpy as np
import pytest

from messplus.exceptions import ConfigError, FeaturizerError
from messplus.featurizers import Featurizer, FunctionFeaturizer


def letters(prompt: str) -> list[float]:
    return [prompt.count("a"), prompt.count("b"), 1.0]


def test_a_function_becomes_a_featurizer() -> None:
    featurizer = FunctionFeaturizer(letters)
    assert isinstance(featurizer, Featurizer)
    assert featurizer.n_features == 13
    features = featurizer("a" * 40)
    np.testing.assert_allclose(features[10:], np.array([40, 0, 1]) / np.sqrt(1601), rtol=1e-6)
    assert features[0] == pytest.approx(0.2 * (np.log(10) - 3.5), abs=1e-6)


def test_long_vectors_are_reduced() -> None:
    featurizer = FunctionFeaturizer(lambda prompt: np.arange(1536) + len(prompt), "ours", dims=31)
    assert featurizer.n_features == 41
    assert featurizer.batch(["a", "b"]).shape == (2, 41)


def test_identity_names_function_and_settings() -> None:
    identities = {
        FunctionFeaturizer(letters).identity,
        FunctionFeaturizer(letters, "letters-2").identity,
        FunctionFeaturizer(letters, dims=2).identity,
        FunctionFeaturizer(letters, dims=2, seed=1).identity,
    }
    assert len(identities) == 4
    assert "test_function.letters" in FunctionFeaturizer(letters).identity


@pytest.mark.parametrize("wrong", [[1.0], [1.0, 2.0, np.nan]])
def test_another_vector_than_before_is_an_error(wrong: list[float]) -> None:
    featurizer = FunctionFeaturizer(lambda prompt: wrong if prompt else [1.0, 2.0, 3.0])
    with pytest.raises(FeaturizerError, match="3 finite numbers"):
        featurizer("now")


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="dims"):
        FunctionFeaturizer(letters, dims=0)
    with pytest.raises(ConfigError, match="must return a vector"):
        FunctionFeaturizer(lambda _: 1.0)
    with pytest.raises(ConfigError, match="for an empty prompt, raised IndexError"):
        FunctionFeaturizer(lambda prompt: [ord(prompt[0])])

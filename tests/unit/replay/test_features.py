"""Features of a table: by encoder or table, cached by content."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from build_encoder_folder import modernbert

from messplus.cli import main
from messplus.featurizers import FunctionFeaturizer, OnnxFeaturizer
from messplus.replay import Table
from messplus.replay.features import policy_features

pytestmark = pytest.mark.usefixtures("cache")


class Counting:
    """A featurizer that counts the prompts it was asked for."""

    n_features, identity = 2, "counting"

    def __init__(self) -> None:
        self.prompts = 0

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        raise NotImplementedError

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.prompts += len(prompts)
        return np.array([[len(prompt), 1.0] for prompt in prompts], np.float32)


def test_features_are_computed_once(table: Table) -> None:
    featurizer = Counting()
    first = policy_features(table, featurizer=featurizer)
    assert first.tobytes() == policy_features(table, featurizer=featurizer).tobytes()
    assert featurizer.prompts == len(table)


def test_other_prompts_and_other_featurizers_are_other_features(table: Table) -> None:
    by_length = FunctionFeaturizer(lambda prompt: [float(len(prompt)), 1.0], "length")
    assert policy_features(table, featurizer=by_length).shape == (len(table), 12)
    assert policy_features(table, featurizer=Counting()).shape == (len(table), 2)


def test_embeddings_are_kept_and_reduced_as_the_featurizer_does(table: Table) -> None:
    asked: list[str] = []

    def embed(prompt: str) -> list[float]:
        asked.append(prompt)
        return [prompt.count(letter) + len(prompt) / 7 for letter in "abcdefghij"]

    wide = FunctionFeaturizer(embed, "counts", dims=4)
    features = policy_features(table, featurizer=wide)
    assert len(asked) == 1 + len(table)
    assert features.tobytes() == wide.batch(table.prompts).tobytes()
    del asked[:]
    fitted = policy_features(table, featurizer=wide, fit=200)
    sample = np.random.default_rng(0).permutation(len(table))[:200]
    assert not asked
    by_hand = wide.fit([table.prompts[row] for row in sample])
    assert fitted.tobytes() == by_hand.batch(table.prompts).tobytes()


def test_a_damaged_cache_is_computed_again(table: Table, cache: Path) -> None:
    expected = policy_features(table, featurizer=Counting())
    (stored,) = cache.rglob("*.npy")
    for damage in (b"", stored.read_bytes()[:-3], b"noise" * 99):
        stored.write_bytes(damage)
        found = policy_features(table, featurizer=Counting())
        assert found.tobytes() == expected.tobytes()


def test_concurrent_writers_leave_one_whole_file(table: Table, cache: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(policy_features, table, featurizer=Counting()) for _ in range(32)]
        found = {call.result().tobytes() for call in calls}
    assert len(found) == 1
    (stored,) = [path for path in cache.rglob("*") if path.is_file()]
    assert np.load(stored).tobytes() in found


def test_the_command_takes_an_encoder(
    table: Table, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modernbert(tmp_path / "encoder")
    rows = [f'"{prompt}",{i % 2},1,1.0,8.0' for i, prompt in enumerate(table.prompts)]
    header = "prompt,score:small,score:large,cost:small,cost:large"
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]))
    command = ["replay", str(tmp_path / "t.csv"), "--target", "0.8", "--dims", "8"]
    assert main([*command, "--encoder", str(tmp_path / "encoder")]) == 0
    assert "paper" in capsys.readouterr().out
    kept = list(cache.rglob("*.npy"))
    width = OnnxFeaturizer.from_folder(tmp_path / "encoder").width
    assert width + 1 in {np.load(path).shape[1] for path in kept}
    # Another reduction of the same embeddings computes nothing again.
    assert main([*command, "--dims", "4", "--encoder", str(tmp_path / "encoder")]) == 0
    assert main([*command, "--fit", "100", "--encoder", str(tmp_path / "encoder")]) == 0
    assert sorted(cache.rglob("*.npy")) == sorted(kept)
    assert main([*command, "--fit", "100"]) == 2
    assert "fit: needs an encoder, got 100" in capsys.readouterr().err
    assert main([*command, "--encoder", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err

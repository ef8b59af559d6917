"""The embedded featurizer: shape, exactness, and prompts nobody should send."""

import gc
import re
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import messplus
from messplus._core import text_features
from messplus.exceptions import ConfigError
from messplus.featurizers import Featurizer, StaticFeaturizer

PROMPTS = [
    "What is the capital of Austria?",
    "Prove that the square root of two is irrational.",
    "hi",
    "",
    "Übersetze ins Englische: Das Wetter ist schön. 東京",
    "word " * 700,
]


@pytest.fixture(scope="module")
def featurizer() -> StaticFeaturizer:
    return StaticFeaturizer()


def test_it_is_a_featurizer(featurizer: StaticFeaturizer) -> None:
    assert isinstance(featurizer, Featurizer)


def test_features_are_a_surface_and_a_unit_embedding(featurizer: StaticFeaturizer) -> None:
    features = featurizer("Hello, world!")
    assert features.shape == (featurizer.n_features,) == (138,)
    assert features.dtype == np.float32
    assert features[0] == pytest.approx(0.2 * (np.log(4) - 3.5), abs=1e-6)
    assert np.linalg.norm(features[10:]) == pytest.approx(1.0, abs=1e-6)


def test_features_are_bit_for_bit_what_the_graph_gives(featurizer: StaticFeaturizer) -> None:
    graph = Path(messplus.__file__).parent / "featurizers" / "data" / "static_table.onnx"
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for prompt in PROMPTS:
        ids, tokens = featurizer.table.tokenize(prompt)
        ids = ids or [0]
        first = [token not in ids[:place] and tokens > 0 for place, token in enumerate(ids)]
        feed = {"ids": np.array([ids], np.int32), "mask": np.array([[first]], np.uint8)}
        (embedding,) = session.run(None, feed)
        expected = text_features([prompt], np.array([tokens], np.float32), embedding, 128)
        assert featurizer(prompt).tobytes() == expected.tobytes()


def test_a_word_counts_once(featurizer: StaticFeaturizer) -> None:
    once, often = featurizer.batch(["buy now", "now buy buy now buy"])
    np.testing.assert_array_equal(once[10:], often[10:])
    assert often[0] > once[0]


def test_like_prompts_are_closer_than_unlike_ones(featurizer: StaticFeaturizer) -> None:
    question, paraphrase, other = featurizer.batch(
        [
            "Which planet is the largest in the solar system?",
            "Name the biggest planet orbiting the sun.",
            "Refactor this Python function to use a dictionary.",
        ]
    )[:, 10:]
    assert question @ paraphrase > question @ other + 0.2


def test_a_batch_gives_what_each_prompt_alone_gives(featurizer: StaticFeaturizer) -> None:
    together = featurizer.batch(PROMPTS)
    alone = np.stack([featurizer(prompt) for prompt in PROMPTS])
    assert together.tobytes() == alone.tobytes()
    assert featurizer.batch([]).shape == (0, 138)


def test_fewer_dimensions_are_the_first_ones() -> None:
    wide, narrow = StaticFeaturizer(dims=128), StaticFeaturizer(dims=16)
    first = wide.batch(PROMPTS[:3])[:, 10:26]
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    np.testing.assert_allclose(narrow.batch(PROMPTS[:3])[:, 10:], first, atol=1e-6)


@pytest.mark.parametrize("prompt", ["", "   ", "\x00\x01", "\ud800", "\u200b" * 9])
def test_a_prompt_without_tokens_is_a_finite_vector(
    featurizer: StaticFeaturizer, prompt: str
) -> None:
    features = featurizer(prompt)
    assert not features[10:].any()
    assert features[0] == pytest.approx(-0.7, abs=1e-6)
    assert np.isfinite(features).all()


def test_a_huge_prompt_is_read_at_both_ends(featurizer: StaticFeaturizer) -> None:
    ends = "one " * 1024, " two" * 1024
    filler = "x" * 2_000_000
    huge = featurizer(filler.join(ends))
    np.testing.assert_array_equal(huge[10:], featurizer("".join(ends))[10:])
    assert huge[0] > 1.0


def test_threads_share_one_featurizer(featurizer: StaticFeaturizer) -> None:
    expected = [featurizer(prompt).tobytes() for prompt in PROMPTS]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda prompt: featurizer(prompt).tobytes(), PROMPTS * 50))
    assert found == expected * 50


def test_identity_tells_tables_and_settings_apart(featurizer: StaticFeaturizer) -> None:
    assert featurizer.identity == StaticFeaturizer().identity
    others = {StaticFeaturizer(dims=32).identity, StaticFeaturizer(max_tokens=64).identity}
    assert len(others | {featurizer.identity}) == 3


@pytest.mark.parametrize(("dims", "max_tokens"), [(0, 512), (129, 512), (63, 0)])
def test_settings_out_of_range_are_refused(dims: int, max_tokens: int) -> None:
    with pytest.raises(ConfigError, match=r"must be .* got"):
        StaticFeaturizer(dims=dims, max_tokens=max_tokens)


def test_importing_messplus_does_not_import_onnxruntime() -> None:
    code = "import messplus, messplus.featurizers, sys; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_shipped_files_are_those_recorded_beside_them() -> None:
    data = Path(messplus.__file__).parent / "featurizers" / "data"
    source = (data / "SOURCE.md").read_text(encoding="utf-8")
    recorded = dict(re.findall(r"^\| `([\w.]+)` \| `([0-9a-f]{64})` \|$", source, re.MULTILINE))
    assert set(recorded) >= {"static_table.onnx", "vocab.txt"}
    total = 0
    for name in ("static_table.onnx", "vocab.txt"):
        content = (data / name).read_bytes()
        total += len(content)
        assert sha256(content).hexdigest() == recorded[name]
    assert total <= 5_000_000


def test_all_featurizers_of_a_process_share_one_table() -> None:
    one, other, narrower = StaticFeaturizer(), StaticFeaturizer(), StaticFeaturizer(dims=8)
    assert one.table is other.table
    assert one.table is not narrower.table


def test_a_table_goes_with_its_last_user() -> None:
    featurizer = StaticFeaturizer(dims=8, max_tokens=77)
    table = weakref.ref(featurizer._shared)
    assert StaticFeaturizer(dims=8, max_tokens=77)("x").shape == (18,)
    assert table() is not None
    del featurizer
    gc.collect()
    assert table() is None

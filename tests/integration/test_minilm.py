"""A true encoder, from its package to features; skipped where the package cannot be installed."""

from pathlib import Path

import build_encoder_folder
import build_static_table
import numpy as np
import onnx
import pytest
from minilm_source import CLS, SEP, model_folder, read_weights
from reference_encoder import Encoder as ReferenceEncoder

from messplus._core import FolderTokenizer
from messplus.featurizers import OnnxFeaturizer, StaticFeaturizer
from messplus.featurizers.encoder import Encoder

OUT = Path(__file__).parents[2] / "out"
PROMPTS = [
    "What is the capital of Austria?",
    "Prove that the square root of two is irrational. " * 4,
    "hi",
    "Übersetze ins Englische: Das Wetter ist schön. 東京",
]
# Differences of float32 arithmetic over six layers.
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def source() -> Path:
    try:
        return model_folder(OUT / "minilm")
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def tokenizer(source: Path) -> FolderTokenizer:
    return FolderTokenizer((source / "tokenizer.json").read_bytes(), 256)


@pytest.fixture(scope="module")
def expected(source: Path, tokenizer: FolderTokenizer) -> np.ndarray:
    """Embeddings by the reference, each prompt alone."""
    reference = ReferenceEncoder(read_weights(source / "model.safetensors"))
    return np.concatenate([reference.encode(tokenizer.encode([prompt])[0]) for prompt in PROMPTS])


@pytest.fixture(scope="module", params=["states", "pooled"])
def encoder(
    request: pytest.FixtureRequest, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> Encoder:
    folder = tmp_path_factory.mktemp("minilm")
    build_encoder_folder.minilm(source, folder, pooled=request.param == "pooled")
    return OnnxFeaturizer.from_folder(folder).encoder


def test_the_folder_is_understood(encoder: Encoder) -> None:
    assert encoder.layout.graph == "onnx/model.onnx"
    assert encoder.layout.pooling == "mean"
    assert encoder.layout.normalise
    assert encoder.layout.max_tokens == 256
    assert encoder.width == 384


def test_one_prompt_agrees_with_the_source_weights(encoder: Encoder, expected: np.ndarray) -> None:
    found = np.concatenate([encoder.embed([prompt])[0] for prompt in PROMPTS])
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_a_padded_batch_agrees_with_the_source_weights(
    encoder: Encoder, expected: np.ndarray
) -> None:
    np.testing.assert_allclose(encoder.embed(PROMPTS)[0], expected, atol=TOLERANCE)


def test_tokens_of_the_embedded_table_are_those_of_the_encoder(
    tokenizer: FolderTokenizer,
) -> None:
    table = StaticFeaturizer().table
    for prompt in PROMPTS:
        expected = tokenizer.encode([prompt])[0][0].tolist()
        assert [CLS, *table.tokenize(prompt)[0], SEP] == expected


def test_rows_of_the_shipped_table_are_the_encoder_on_single_tokens(source: Path) -> None:
    # 128 of 384 axes keep .78 of the variance, and with it most of every inner product.
    words = np.array([3007, 5176, 2118, 8169, 3231, 1016, 10047, 29733])
    reference = ReferenceEncoder(read_weights(source / "model.safetensors"))
    ids = np.stack([np.full(len(words), CLS), words, np.full(len(words), SEP)], axis=1)
    graph = onnx.load(build_static_table.DATA / "static_table.onnx").graph
    table, scale = (onnx.numpy_helper.to_array(constant) for constant in graph.initializer[:2])
    assert gram(reference.encode(ids)) @ gram(table[words] * scale) > 0.95


def gram(rows: np.ndarray) -> np.ndarray:
    """Inner products of centred rows, as one unit vector."""
    centred = rows - rows.mean(axis=0)
    products = (centred @ centred.T).ravel()
    unit: np.ndarray = products / np.linalg.norm(products)
    return unit

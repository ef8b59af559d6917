"""Encoder folders: layouts, pooling, inputs by name, batches."""

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from build_encoder_folder import modernbert
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from messplus.exceptions import ConfigError, EncoderError, FeaturizerError, StateError
from messplus.featurizers import Featurizer, OnnxFeaturizer
from messplus.featurizers._pooling import pool

PROMPTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10 w11", "", "unknown words"]


def states_of(folder: Path, prompt: str) -> np.ndarray:
    """Token states of one prompt, from the graph itself."""
    import onnxruntime

    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    ids = [vocabulary.get(word, 1) for word in ["[CLS]", *prompt.split(), "[SEP]"]]
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    feed = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
    states: np.ndarray = session.run(None, feed)[0][0]
    return states


def test_it_is_a_featurizer(built: Path) -> None:
    featurizer = OnnxFeaturizer.from_folder(built)
    assert isinstance(featurizer, Featurizer)
    assert featurizer.n_features == 42
    features = featurizer("w1 w2")
    assert features.shape == (42,)
    assert np.linalg.norm(features[10:]) == pytest.approx(1.0, abs=1e-5)
    assert features[0] == pytest.approx(0.2 * (np.log(4) - 3.5), abs=1e-6)


@pytest.mark.parametrize("pooling", ["cls", "mean", "max", "mean_sqrt_len"])
def test_pooling_modes(built: Path, pooling: str) -> None:
    encoder = OnnxFeaturizer.from_folder(built, pooling=pooling).encoder
    states = states_of(built, PROMPTS[0])
    expected = {
        "cls": states[0],
        "mean": states.mean(axis=0),
        "max": states.max(axis=0),
        "mean_sqrt_len": states.sum(axis=0) / np.sqrt(len(states)),
    }[pooling]
    # In a batch with longer prompts, so that padding has to be ignored.
    np.testing.assert_allclose(encoder.embed(PROMPTS)[0][0], expected, atol=2e-6)


def test_masked_tokens_never_count() -> None:
    states = np.array([[[-3.0], [-1.0], [9.0]]], np.float32)
    mask = np.array([[1, 1, 0]])
    assert pool(states, mask, "max").tolist() == [[-1.0]]
    assert pool(states, mask, "mean").tolist() == [[-2.0]]
    assert pool(states, mask, "cls").tolist() == [[-3.0]]


def test_a_batch_gives_what_each_prompt_alone_gives(built: Path) -> None:
    featurizer = OnnxFeaturizer.from_folder(built)
    alone = np.stack([featurizer(prompt) for prompt in PROMPTS])
    np.testing.assert_allclose(featurizer.batch(PROMPTS), alone, atol=2e-6)
    assert featurizer.batch([]).shape == (0, 42)


def test_graphs_quantised_on_the_fly_run_one_prompt_at_a_time(folder: Path) -> None:
    quantize_dynamic(folder / "model.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8)
    featurizer = OnnxFeaturizer.from_folder(folder, file="int8.onnx")
    alone = np.stack([featurizer(prompt) for prompt in PROMPTS])
    assert featurizer.batch(PROMPTS).tobytes() == alone.tobytes()


def test_quantised_graphs_are_used_only_when_named(folder: Path) -> None:
    quantize_dynamic(folder / "model.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8)
    assert OnnxFeaturizer.from_folder(folder).encoder.layout.graph == "model.onnx"


def test_padding_in_the_tokenizer_file_is_not_used(built: Path) -> None:
    # The file pads to 128 tokens; the length feature would be that of 128.
    assert json.loads((built / "tokenizer.json").read_text())["padding"]["strategy"] == {
        "Fixed": 128
    }
    tokens = OnnxFeaturizer.from_folder(built).encoder.embed(["w1"])[1]
    assert tokens.tolist() == [3.0]


def test_pooling_is_read_from_the_configuration(folder: Path) -> None:
    assert OnnxFeaturizer.from_folder(folder).encoder.layout.pooling == "cls"
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    assert OnnxFeaturizer.from_folder(folder).encoder.layout.pooling == "max"


def test_sentence_transformers_layout(folder: Path) -> None:
    modules = [
        {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "path": "pooled", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "pooled").mkdir()
    (folder / "pooled" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 9}')
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    encoder = OnnxFeaturizer.from_folder(folder).encoder
    assert encoder.layout.graph == "onnx/model.onnx"
    assert encoder.layout.pooling == "mean"
    assert encoder.layout.max_tokens == 9
    assert np.linalg.norm(encoder.embed(["w1"])[0]) == pytest.approx(1.0, abs=1e-6)


def test_a_module_we_do_not_know_is_refused(folder: Path) -> None:
    modules = [{"idx": 0, "path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match=r"modules.json: \['Dense'\] not supported"):
        OnnxFeaturizer.from_folder(folder)


def test_a_bare_graph_and_tokenizer_are_enough(folder: Path) -> None:
    (folder / "config.json").unlink()
    layout = OnnxFeaturizer.from_folder(folder).encoder.layout
    assert (layout.pooling, layout.normalise, layout.max_tokens) == ("mean", False, 512)


def test_token_types_are_fed_where_the_graph_asks_for_them(tmp_path: Path) -> None:
    modernbert(tmp_path, bert=True)
    assert OnnxFeaturizer.from_folder(tmp_path).n_features == 42


def test_a_sentence_output_is_preferred(tmp_path: Path) -> None:
    modernbert(tmp_path, pooled=True)
    encoder = OnnxFeaturizer.from_folder(tmp_path, pooling="cls").encoder
    assert encoder.output == "sentence_embedding"
    assert "sentence_embedding" in encoder.identity


def test_the_file_named_is_the_file_used(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / "model_fp32.onnx")
    assert OnnxFeaturizer.from_folder(folder).encoder.layout.graph == "model_fp32.onnx"
    shutil.copyfile(folder / "model_fp32.onnx", folder / "model_other.onnx")
    with pytest.raises(EncoderError, match=r"name one of \['model_fp32.onnx', 'model_other.onnx'"):
        OnnxFeaturizer.from_folder(folder)
    chosen = OnnxFeaturizer.from_folder(folder, file="model_other.onnx")
    assert chosen.encoder.layout.graph == "model_other.onnx"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EncoderError, match=name):
        OnnxFeaturizer.from_folder(folder)


def test_an_unknown_input_is_named(folder: Path) -> None:
    node = helper.make_node("Identity", ["pixel_values"], ["y"])
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])]
    graph = helper.make_graph([node], "g", inputs, outputs)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), folder / "model.onnx")
    with pytest.raises(EncoderError, match="pixel_values"):
        OnnxFeaturizer.from_folder(folder)


def test_long_prompts_keep_their_ends(built: Path) -> None:
    featurizer = OnnxFeaturizer.from_folder(built, max_tokens=6, pooling="mean")
    long = "w1 w2 " + "w9 " * 50_000 + "w3 w4"
    kept, _ = featurizer.encoder.embed(["w1 w2 w3 w4"])
    np.testing.assert_allclose(featurizer.encoder.embed([long])[0], kept, atol=2e-6)
    # Tokens of the whole prompt, estimated from the part that was read.
    assert 30_000 < featurizer.encoder.embed([long])[1][0] < 70_000


def test_text_is_cut_before_it_is_tokenized(built: Path) -> None:
    """Tokenizers cut after most of the work: what lies between the ends must not reach them."""
    featurizer = OnnxFeaturizer.from_folder(built, max_tokens=6)
    ends = "w1 w2 " + "x" * 100, "x" * 100 + " w3 w4"
    dense, sparse = ends[0] + " w9" * 10_000 + ends[1], ends[0] + " " + "x" * 29_999 + ends[1]
    assert len(dense) == len(sparse)
    embeddings, tokens = featurizer.encoder.embed([dense, sparse])
    assert tokens[0] == tokens[1]
    assert embeddings[0].tobytes() == embeddings[1].tobytes()


def test_one_thread_serves_one_prompt(built: Path) -> None:
    options = OnnxFeaturizer.from_folder(built).encoder._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


@pytest.mark.parametrize("prompt", ["", "\ud800", "\x00", "w1" * 100_000])
def test_strange_prompts_are_finite(built: Path, prompt: str) -> None:
    assert np.isfinite(OnnxFeaturizer.from_folder(built)(prompt)).all()


def test_output_that_is_not_finite_is_an_error(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    for tensor in model.graph.initializer:
        if tensor.name == "embeddings.word_embeddings.weight":
            rows = onnx.numpy_helper.to_array(tensor).copy()
            rows[10] = np.nan
            tensor.CopyFrom(onnx.numpy_helper.from_array(rows, tensor.name))
    onnx.save(model, folder / "model.onnx")
    featurizer = OnnxFeaturizer.from_folder(folder)
    with pytest.raises(FeaturizerError, match="finite"):
        featurizer("w6")


def test_the_provider_really_used_is_reported(
    built: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    with caplog.at_level(logging.WARNING, "messplus"):
        featurizer = OnnxFeaturizer.from_folder(built, providers=providers)
    recwarn.clear()
    assert featurizer.encoder.providers == ["CPUExecutionProvider"]
    assert "runs on CPUExecutionProvider, not on CUDAExecutionProvider" in caplog.text


def test_identity_tells_content_and_settings_apart(built: Path, folder: Path) -> None:
    def identity(path: Path, **settings: object) -> str:
        return OnnxFeaturizer.from_folder(path, **settings).identity  # type: ignore[arg-type]

    assert identity(built) == identity(folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"] = None
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    others = [
        identity(folder),
        identity(built, pooling="mean"),
        identity(built, max_tokens=64),
        identity(built, dims=8),
        identity(built, dims=8, seed=1),
    ]
    assert len({identity(built), *others}) == 6


def test_wide_embeddings_are_reduced(built: Path) -> None:
    featurizer = OnnxFeaturizer.from_folder(built, dims=8)
    assert featurizer.n_features == 18
    again = OnnxFeaturizer.from_folder(built, dims=8)
    assert featurizer("w1").tobytes() == again("w1").tobytes()
    assert not np.array_equal(
        featurizer("w1"), OnnxFeaturizer.from_folder(built, dims=8, seed=1)("w1")
    )


def test_principal_axes_are_fitted_and_travel_in_the_state(built: Path) -> None:
    sample = [f"w{i} w{2 * i % 200} w{7 * i % 200}" for i in range(200)]
    random = OnnxFeaturizer.from_folder(built, dims=8)
    fitted = random.fit(sample)
    assert fitted.n_features == 18
    assert fitted.identity != random.identity
    restored = OnnxFeaturizer.from_folder(built).restored(fitted.state())
    assert restored.identity == fitted.identity
    assert restored("w1 w2").tobytes() == fitted("w1 w2").tobytes()
    with pytest.raises(StateError, match="reduction"):
        OnnxFeaturizer.from_folder(built).restored(fitted.state()[:-1])


@pytest.mark.parametrize("settings", [{"pooling": "sum"}, {"max_tokens": 2}, {"dims": 0}], ids=str)
def test_settings_out_of_range_are_refused(built: Path, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        OnnxFeaturizer.from_folder(built, **settings)  # type: ignore[arg-type]

"""Encoder folders that would take all the memory, or never return: refused, or stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from build_encoder_folder import modernbert
from onnx import helper

from messplus.exceptions import (
    ConfigError,
    EncoderError,
    FeaturizerError,
    MessPlusError,
    UnsafeEncoderError,
)
from messplus.featurizers import OnnxFeaturizer, _protobuf, check_folder
from messplus.featurizers._onnx_file import inspect
from tests import hostile_encoders as hostile

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    modernbert(folder)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "encoder"))


@pytest.mark.parametrize("name", [name for name in hostile.GRAPHS if "functions of" not in name])
def test_conditions_and_loops_are_refused(folder: Path, name: str) -> None:
    hostile.change_graph(folder, hostile.GRAPHS[name])
    operator = name.split(maxsplit=1)[0]
    with pytest.raises(UnsafeEncoderError, match=rf"model.onnx: .*{operator}.* allow_control_flow"):
        OnnxFeaturizer.from_folder(folder)


@pytest.mark.parametrize("name", ["If", "Scan"])
def test_conditions_and_loops_can_be_allowed(folder: Path, name: str) -> None:
    hostile.change_graph(folder, hostile.GRAPHS[name])
    assert OnnxFeaturizer.from_folder(folder, allow_control_flow=True).n_features == 42


def test_an_operator_that_carries_a_graph_is_control_flow_whatever_its_name() -> None:
    output = helper.make_tensor_value_info("c", hostile.INT, [])
    constant = helper.make_node("Constant", [], ["c"], value_int=0)
    graph = helper.make_graph([constant], "b", [], [output])
    node = helper.make_node("BeamSearch", ["x"], ["y"], domain="com.microsoft", decoder=graph)
    model = helper.make_model(helper.make_graph([node], "g", [], []))
    assert inspect(model.SerializeToString()).control_flow == {"BeamSearch"}


def test_functions_are_counted_written_out(folder: Path) -> None:
    # A thousand nodes in a file of kilobytes are a billion to the runtime, which writes them out.
    hostile.change_graph(folder, hostile.doubling_functions)
    with pytest.raises(UnsafeEncoderError, match=r"at most 100000 nodes .* got 5.37e\+08"):
        OnnxFeaturizer.from_folder(folder)


def test_a_few_functions_are_fine(folder: Path) -> None:
    hostile.change_graph(folder, lambda model: hostile.doubling_functions(model, 4))
    assert inspect((folder / "model.onnx").read_bytes()).nodes > 8
    assert OnnxFeaturizer.from_folder(folder).n_features == 42


def test_functions_that_call_themselves_are_refused(folder: Path) -> None:
    def recurse(model: onnx.ModelProto) -> None:
        hostile.doubling_functions(model, 2)
        model.functions[0].node[0].op_type = "F1"
        model.functions[0].node[0].domain = model.functions[0].domain

    hostile.change_graph(folder, recurse)
    with pytest.raises(EncoderError, match="functions nested deeper than 32"):
        OnnxFeaturizer.from_folder(folder)


def test_a_graph_of_too_many_fields_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_protobuf, "_MAX_FIELDS", 100)
    with pytest.raises(EncoderError, match="more than 100 fields"):
        OnnxFeaturizer.from_folder(folder)


@pytest.mark.parametrize("rule", hostile.TOKENIZERS)
def test_tokenizers_out_of_all_proportion_are_refused(folder: Path, rule: str) -> None:
    hostile.change_tokenizer(folder, **hostile.TOKENIZERS[rule])
    with pytest.raises(EncoderError, match=rf"^tokenizer.json: {rule}: must be"):
        OnnxFeaturizer.from_folder(folder)


@pytest.mark.parametrize("name", hostile.SWELLING)
def test_normalizers_do_not_swell_a_text(folder: Path, name: str) -> None:
    normalizer = {"type": "Sequence", **hostile.SWELLING[name]}
    hostile.change_tokenizer(folder, normalizer=normalizer)
    with pytest.raises(
        FeaturizerError, match=r"normalizer: .* could swell the text over 256 times"
    ):
        OnnxFeaturizer.from_folder(folder)("a" * 1000)


def test_a_text_is_not_16_times_as_long_in_the_end(folder: Path) -> None:
    normalizer = {"type": "Sequence", "normalizers": [hostile.replace("a", "b" * 50)]}
    hostile.change_tokenizer(folder, normalizer=normalizer)
    featurizer = OnnxFeaturizer.from_folder(folder)
    assert np.isfinite(featurizer("a" * 20)).all()
    with pytest.raises(FeaturizerError, match="must not swell the text over 16 times"):
        featurizer("a" * 1000)


def test_normalizers_of_published_encoders_are_fine(folder: Path) -> None:
    # That of ALBERT, whose steps could swell some texts 500 times in theory.
    charsmap = hostile.charsmap(1024, bytes(1024) + b"x" * 33 + b"\0")
    steps = [
        hostile.replace("``", '"'),
        {"type": "NFKD"},
        {"type": "StripAccents"},
        {"type": "Lowercase"},
        charsmap,
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
    ]
    hostile.change_tokenizer(folder, normalizer={"type": "Sequence", "normalizers": steps})
    featurizer = OnnxFeaturizer.from_folder(folder)
    assert np.isfinite(featurizer("가나다 ﷺ ½ ﬁ " * 500)).all()


def test_the_same_tokenizer_is_read_once(built: Path, folder: Path) -> None:
    one, other = OnnxFeaturizer.from_folder(built), OnnxFeaturizer.from_folder(folder, dims=8)
    assert one.encoder.tokenizer is other.encoder.tokenizer
    assert one.encoder._session is other.encoder._session
    shorter = OnnxFeaturizer.from_folder(built, max_tokens=8)
    assert one.encoder.tokenizer is not shorter.encoder.tokenizer


def test_a_check_finds_what_a_router_would(built: Path) -> None:
    found = check_folder(built, pooling="max", max_tokens=64, measured=0.0)
    encoder = OnnxFeaturizer.from_folder(built, pooling="max", max_tokens=64).encoder
    assert (found.graph, found.output, found.pooling) == ("model.onnx", "last_hidden_state", "max")
    assert (found.sha256, found.width, found.max_tokens) == (encoder.sha256, 32, 64)
    assert list(found.latency_ms) == [16, 64]
    assert all(0.0 < p50 <= p99 for p50, p99 in found.latency_ms.values())
    assert found.peak_memory is not None
    assert found.peak_memory > 1 << 20


def test_a_check_stops_what_does_not_return(folder: Path) -> None:
    hostile.change_graph(folder, hostile.GRAPHS["Loop"])
    with pytest.raises(UnsafeEncoderError, match=r"must open and embed within 1 s"):
        check_folder(folder, allow_control_flow=True, seconds=1.0)


def test_a_check_stops_what_takes_all_memory(folder: Path) -> None:
    def ask_for_8_gigabytes(model: onnx.ModelProto) -> None:
        shape = helper.make_tensor("s", hostile.INT, [1], [1 << 30])
        nodes = [
            helper.make_node("Constant", [], ["s"], value=shape),
            helper.make_node("ConstantOfShape", ["s"], ["z"]),
            helper.make_node("ReduceSum", ["z"], ["r"], keepdims=0),
            helper.make_node("Mul", ["input_ids", "input_ids"], ["looped"]),
        ]
        hostile.prepend_nodes(model, nodes)
        model.graph.output.append(helper.make_tensor_value_info("r", 1, []))

    hostile.change_graph(folder, ask_for_8_gigabytes)
    with pytest.raises(EncoderError):
        check_folder(folder, memory=1 << 30, measured=0.0)


def test_a_check_passes_on_what_a_folder_is_refused_for(folder: Path, tmp_path: Path) -> None:
    hostile.change_graph(folder, hostile.GRAPHS["Loop"])
    with pytest.raises(UnsafeEncoderError, match="allow_control_flow"):
        check_folder(folder)
    with pytest.raises(EncoderError, match="no such folder"):
        check_folder(tmp_path / "missing")


@pytest.mark.parametrize("limit", [{"seconds": 0.0}, {"memory": 1 << 20}, {"measured": -1.0}])
def test_limits_have_rules(built: Path, limit: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"^{next(iter(limit))}: must be"):
        check_folder(built, **limit)


def test_every_refusal_is_an_error_of_ours(folder: Path) -> None:
    # Two changes at once: what is refused first does not matter.
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    broken: dict[str, Any] = {"normalizer": [], "model": None, "post_processor": {"type": 3}}
    for part, value in broken.items():
        hostile.change_tokenizer(folder, **{**tokenizer, part: value})
        with pytest.raises(MessPlusError, match=r"^tokenizer.json: "):
            OnnxFeaturizer.from_folder(folder)

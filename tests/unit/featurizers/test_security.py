"""Folders made to harm: each refused with a typed error before a runtime sees them."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from messplus.exceptions import EncoderError, UnsafeEncoderError
from messplus.featurizers import OnnxFeaturizer, _folder
from messplus.featurizers._onnx_file import inspect


def store_outside(folder: Path, location: str) -> None:
    """Make the graph read one tensor from ``location``."""
    model = onnx.load(folder / "model.onnx")
    tensor = model.graph.initializer[0]
    (folder / "weights.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    (folder / "model.onnx").write_bytes(model.SerializeToString())


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_link_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    outside = folder.parent / f"outside-{name}"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    with pytest.raises(UnsafeEncoderError, match=name):
        OnnxFeaturizer.from_folder(folder)


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / "blob")
    (folder / "model.onnx").symlink_to(folder / "blob")
    assert OnnxFeaturizer.from_folder(folder).n_features == 42


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert OnnxFeaturizer.from_folder(tmp_path / "link").n_features == 42


def test_a_circle_of_links_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").symlink_to("tokenizer.json")
    with pytest.raises(EncoderError, match=r"tokenizer.json"):
        OnnxFeaturizer.from_folder(folder)


def test_external_data_beside_the_graph_is_used(built: Path, folder: Path) -> None:
    store_outside(folder, "weights.bin")
    expected, found = OnnxFeaturizer.from_folder(built), OnnxFeaturizer.from_folder(folder)
    assert found("w1 w2").tobytes() == expected("w1 w2").tobytes()
    weights = (folder / "weights.bin").read_bytes()
    (folder / "weights.bin").write_bytes(bytes([weights[0] ^ 1]) + weights[1:])
    assert OnnxFeaturizer.from_folder(folder).identity != found.identity


@pytest.mark.parametrize(
    "location", ["../weights.bin", "/etc/passwd", "a/../../weights.bin", "..\\weights.bin", "\x00"]
)
def test_external_data_elsewhere_is_refused(folder: Path, location: str) -> None:
    store_outside(folder, location)
    shutil.copyfile(folder / "weights.bin", folder.parent / "weights.bin")
    with pytest.raises(UnsafeEncoderError):
        OnnxFeaturizer.from_folder(folder)


def test_external_data_behind_a_link_is_refused(folder: Path) -> None:
    store_outside(folder, "weights.bin")
    (folder / "weights.bin").rename(folder.parent / "weights.bin")
    (folder / "weights.bin").symlink_to(folder.parent / "weights.bin")
    with pytest.raises(UnsafeEncoderError, match=r"weights.bin"):
        OnnxFeaturizer.from_folder(folder)


def test_external_data_is_found_in_subgraphs_and_attributes() -> None:
    tensor = TensorProto(name="w", dims=[1], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret"
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    output = helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])
    branch = helper.make_graph([constant], "branch", [], [output])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    model = helper.make_model(helper.make_graph([node], "g", [], []))
    found = inspect(model.SerializeToString())
    assert found.external == {"../secret"}
    assert {"If", "Constant"} <= found.operators


def test_custom_operators_are_refused(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    model.graph.node[-1].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(UnsafeEncoderError, match=r"com.example"):
        OnnxFeaturizer.from_folder(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
@pytest.mark.parametrize("damage", ["empty", "truncated", "noise"])
def test_damaged_files_are_refused(folder: Path, name: str, damage: str) -> None:
    content = (folder / name).read_bytes()
    noise = np.random.default_rng(0).bytes(4096)
    broken = {"empty": b"", "truncated": content[: len(content) // 2], "noise": noise}
    (folder / name).write_bytes(broken[damage])
    with pytest.raises(EncoderError, match=name):
        OnnxFeaturizer.from_folder(folder)


def test_a_graph_the_runtime_refuses_is_an_error_of_ours(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    model.graph.node[0].input[0] = "nowhere"
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(EncoderError, match=r"model.onnx: onnxruntime refuses it"):
        OnnxFeaturizer.from_folder(folder)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("model.onnx", "MAX_GRAPH"),
        ("tokenizer.json", "MAX_TOKENIZER"),
        ("config.json", "MAX_CONFIG"),
    ],
)
def test_oversized_files_are_refused(
    folder: Path, name: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (folder / name).stat().st_size
    monkeypatch.setattr(_folder, limit, size)
    OnnxFeaturizer.from_folder(folder)
    monkeypatch.setattr(_folder, limit, size - 1)
    with pytest.raises(UnsafeEncoderError, match=rf"{name}: must have at most {size - 1} bytes"):
        OnnxFeaturizer.from_folder(folder)


def test_a_pipe_is_refused_rather_than_waited_for(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
    with pytest.raises(UnsafeEncoderError, match=r"tokenizer.json: must be a regular file"):
        OnnxFeaturizer.from_folder(folder)


def test_another_hash_than_expected_is_refused(folder: Path) -> None:
    found = OnnxFeaturizer.from_folder(folder).encoder.sha256
    assert OnnxFeaturizer.from_folder(folder, expect_sha256=found.upper()).n_features == 42
    with pytest.raises(UnsafeEncoderError, match=f"must be the hash of the folder, {found}, got 0"):
        OnnxFeaturizer.from_folder(folder, expect_sha256="0" * 64)


@pytest.mark.parametrize("path", ["p" * 5000, "p/" * 4000, "\ud800", "a\nb", "\x1b[2J", "a\0"])
def test_a_name_no_file_can_have_is_refused(folder: Path, path: str) -> None:
    modules = [{"type": "sentence_transformers.models.Pooling", "path": path}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(UnsafeEncoderError) as caught:
        OnnxFeaturizer.from_folder(folder)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()
    (folder / "modules.json").unlink()
    with pytest.raises(UnsafeEncoderError):
        OnnxFeaturizer.from_folder(folder, file=path)
    with pytest.raises(EncoderError, match="no such folder"):
        OnnxFeaturizer.from_folder(folder / path)


@pytest.mark.parametrize("location", ["w" * 5000, "\x1b[2J"])
def test_external_data_no_file_can_have_is_refused(folder: Path, location: str) -> None:
    store_outside(folder, location)
    with pytest.raises(UnsafeEncoderError):
        OnnxFeaturizer.from_folder(folder)


def test_file_names_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / os.fsdecode(b"\xff.onnx"))
    with pytest.raises(UnsafeEncoderError, match="printable"):
        OnnxFeaturizer.from_folder(folder)


def test_names_in_a_graph_are_spelled_out(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    model.graph.node[0].input[0] = "no\x1b[2J\nwhere"
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(EncoderError, match="onnxruntime refuses it") as caught:
        OnnxFeaturizer.from_folder(folder)
    assert str(caught.value).isprintable()


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no such folder"):
        OnnxFeaturizer.from_folder(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(EncoderError, match="must be a folder"):
        OnnxFeaturizer.from_folder(tmp_path / "file")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(EncoderError):
        inspect(content)


@given(data=st.data())
def test_any_change_to_a_graph_is_read_or_refused(built: Path, data: st.DataObject) -> None:
    content = bytearray((built / "model.onnx").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(EncoderError):
        inspect(bytes(content))


def test_nesting_is_bounded() -> None:
    # A graph in an attribute of a node of a graph, and so on.
    def field(number: int, content: bytes) -> bytes:
        size, out = len(content), b""
        while True:
            out += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
            size >>= 7
            if not size:
                return bytes([number << 3 | 2]) + out + content

    graph = b""
    for _ in range(64):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(EncoderError, match="nested deeper"):
        inspect(field(7, graph))

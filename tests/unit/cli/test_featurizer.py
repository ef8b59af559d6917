"""``messplus featurizer check``: what it finds, and what it refuses."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from build_encoder_folder import modernbert

from messplus.cli import featurizer, main
from messplus.featurizers import OnnxFeaturizer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(featurizer, "_MEASURED", 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    modernbert(tmp_path / "encoder")
    return tmp_path / "encoder"


def test_it_prints_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = OnnxFeaturizer.from_folder(folder)
    assert main(["featurizer", "check", str(folder)]) == 0
    printed = capsys.readouterr().out
    found = dict(re.findall(r"^(\w+(?: \w+)?) +(.+)$", printed, re.M))
    assert found["graph"] == "model.onnx"
    assert found["output"] == "last_hidden_state"
    assert found["pooling"] == "cls"
    assert found["normalised"] == "no"
    assert found["dimensions"] == "32, 32 kept"
    assert found["max tokens"] == "512"
    assert found["provider"] == "CPUExecutionProvider"
    assert found["sha256"] == opened.encoder.sha256
    for tokens in (16, 64, 256):
        assert re.search(rf"^{tokens} tokens +p50 [\d.]+ ms, p99 [\d.]+ ms$", printed, re.M)


def test_options_go_before_what_the_folder_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "model.onnx", folder / "other.onnx")
    options = ["--file", "other.onnx", "--pooling", "max", "--max-tokens", "64"]
    assert main(["featurizer", "check", str(folder), *options]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"graph +other.onnx", printed)
    assert re.search(r"pooling +max", printed)
    # Longer prompts than the encoder reads are not measured.
    assert "64 tokens" in printed
    assert "256 tokens" not in printed


def test_a_folder_that_was_exchanged_is_one_line_and_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = OnnxFeaturizer.from_folder(folder).encoder.sha256
    check = ["featurizer", "check", str(folder), "--expect-sha256"]
    assert main([*check, sha256.upper()]) == 0
    capsys.readouterr()
    assert main([*check, sha256[:-1] + "x"]) == 2
    error = capsys.readouterr().err
    assert "expect_sha256" in error
    assert error.count("\n") == 1

"""An encoder folder to open, and to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from build_encoder_folder import modernbert


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small encoder with random weights; not to be written to."""
    folder = tmp_path_factory.mktemp("encoder")
    modernbert(folder)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(built, tmp_path / "encoder"))

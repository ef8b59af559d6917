"""A log for each test that asks for one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.redis_server import Server

from .engines import Engine, Folder, Redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A real redis-server of the test's own; skipped, saying so, where there is none."""
    pytest.importorskip("redis")
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    started = Server(tmp_path)
    yield started
    started.kill()


@pytest.fixture(params=["redis", "folder"])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    """Each of the engines."""
    if request.param == "redis":
        return Redis(request.getfixturevalue("server"))
    monkeypatch.setattr("messplus.fleet.folder.TIMEOUT", 0.05)
    return Folder(tmp_path)

"""A real redis-server for each test that asks for one; skipped, saying so, where there is none."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own."""
    pytest.importorskip("redis")
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    started = Server(tmp_path)
    yield started
    started.kill()

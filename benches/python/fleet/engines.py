"""Places that keep the log of a fleet, by the addresses that they give out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

from tests.redis_server import Server

if TYPE_CHECKING:
    from pathlib import Path


class Engine(Protocol):
    """Gives a new fleet the address of its log.

    Attributes
    ----------
    name
        The engine's.
    keeps
        Whether what a call returned for survives its process.
    """

    name: str
    keeps: bool

    def address(self, fleet: str) -> str:
        """Where a fleet of this name shares its log."""

    def close(self) -> None:
        """End what serves it."""


class RedisEngine:
    """A redis-server of its own, on a free port, that appends to a file synced every second."""

    name = "redis"
    keeps = False

    def __init__(self, root: Path) -> None:
        folder = root / "redis"
        folder.mkdir()
        self.server = Server(folder)

    def address(self, fleet: str) -> str:
        """Where a fleet of this name shares its log."""
        return self.server.address_of(fleet)

    def traffic(self) -> int:
        """Bytes that crossed the wire so far, both ways."""
        lines = self.server.command("INFO", "stats").splitlines()
        counts = dict(line.split(":") for line in lines if ":" in line)
        return int(counts["total_net_input_bytes"]) + int(counts["total_net_output_bytes"])

    def close(self) -> None:
        """End the server."""
        self.server.kill()


class FolderEngine:
    """Folders that processes of this host share without a server."""

    name = "folder"
    keeps = True

    def __init__(self, root: Path) -> None:
        self._root = root / "folders"

    def address(self, fleet: str) -> str:
        """Where a fleet of this name shares its log."""
        self._root.mkdir(exist_ok=True)
        return str(self._root / fleet)

    def close(self) -> None:
        """Nothing serves it."""


ENGINES = ("redis", "folder")


def missing(engine: str) -> str | None:
    """Why an engine cannot be used here, if it cannot."""
    if engine == "redis" and shutil.which("redis-server") is None:
        return "redis-server is not installed"
    return None


def start(engine: str, root: Path) -> Engine:
    """Start an engine that keeps its files below a folder."""
    return RedisEngine(root) if engine == "redis" else FolderEngine(root)

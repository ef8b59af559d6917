"""A redis-server of a test's own."""

import socket
import subprocess
import time
from pathlib import Path
from signal import SIGKILL


class Server:
    """A redis-server that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        """Of a fleet."""
        return self.address_of("test")

    def address_of(self, fleet: str) -> str:
        """Of the fleet of this name."""
        return f"redis://127.0.0.1:{self.port}/0?name={fleet}"

    def start(self) -> None:
        """Start with what is on file."""
        command = ["redis-server", "--port", str(self.port), "--dir", str(self.folder)]
        command += [
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            # One file all along: campaigns cut off its end.
            "--auto-aof-rewrite-percentage",
            "0",
            "--save",
            "",
            "--bind",
            "127.0.0.1",
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(500):
            with socket.socket() as found:
                if found.connect_ex(("127.0.0.1", self.port)) == 0 and self._ready():
                    return
            time.sleep(0.02)
        raise RuntimeError("redis-server does not start")

    def _ready(self) -> bool:
        # It loads its files before it serves.
        command = ["redis-cli", "-p", str(self.port), "ping"]
        return subprocess.run(command, capture_output=True, check=False).stdout == b"PONG\n"

    def kill(self) -> None:
        """End it as a crash does."""
        assert self.process is not None
        self.process.send_signal(SIGKILL)
        self.process.wait()

    def command(self, *words: str) -> str:
        """What redis-cli says."""
        command = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

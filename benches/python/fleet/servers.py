"""Requests and ratings through the workers of real servers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import count
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engines import Engine

SERVERS = ("gunicorn", "gunicorn --preload", "uvicorn")
APP = "benches.python.fleet.app"
ROOT = Path(__file__).parents[3]
CLIENTS = 4
WORKERS = 4
# Seconds for which a server may take to start, and a fleet to settle.
PATIENCE = 60.0
_FLEETS = count()


def command(name: str, port: int) -> list[str]:
    """How a server is started; the first word is its module."""
    module, *options = name.split()
    app = f"{APP}:{'asgi' if module == 'uvicorn' else 'wsgi'}"
    at = ["--port", str(port)] if module == "uvicorn" else ["--bind", f"127.0.0.1:{port}"]
    return [module, *options, *at, "--workers", str(WORKERS), "--log-level", "warning", app]


def serve(name: str, engine: Engine, requests: int) -> dict[str, Any]:
    """Have requests served and rated, each through whichever worker takes the connection."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = engine.address(f"served{next(_FLEETS)}")

    def ask(path: str, **query: object) -> dict[str, Any]:
        # A connection of its own: any worker may take it.
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", f"{path}?{urlencode(query)}")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
        answer: dict[str, Any] = json.loads(body)
        return answer

    def serve_one(n: int) -> bool:
        chosen = ask("/select", prompt=f"question {n}")
        rated = ask("/rate", id=chosen["id"], satisfied=int(n % 4 > 0))
        return bool(chosen["process"] != rated["process"])

    with _started(command(name, port), address), ThreadPool(CLIENTS) as clients:
        _until(lambda: "process" in ask("/report"))
        elsewhere = sum(clients.imap_unordered(serve_one, range(requests)))
        reports: dict[int, dict[str, Any]] = {}

        def settled() -> bool:
            seen = ask("/report")
            reports[seen.pop("process")] = seen
            known = {json.dumps(report) for report in reports.values()}
            return len(reports) == WORKERS and len(known) == 1 and seen["rated"] >= requests

        one_report = _until(settled)
    return {
        "server": name,
        "rated": requests,
        "counted": max((report["rated"] for report in reports.values()), default=0),
        "rated_elsewhere": elsewhere,
        "one_report": one_report,
    }


@contextmanager
def _started(words: list[str], address: str) -> Iterator[None]:
    environment = os.environ | {"FLEET_ADDRESS": address, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _until(condition: Any) -> bool:  # noqa: ANN401
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except OSError:
            # Not listening yet.
            pass
        time.sleep(0.02)
    return False

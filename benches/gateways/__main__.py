"""Every integration with the real packages before a fake provider on loopback.

``python benches/gateways REQUESTS AT_ONCE``: figures, and in the end one line of JSON.
"""

from __future__ import annotations

import json
import logging
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import clients
import litellm_sdk
import servers

from tests.gateways import provider

PACKAGES = ("litellm", "langchain", "openai", "starlette", "uvicorn", "httpx")
FAILURES = 0.02


def main(n: int, at_once: int) -> None:
    logging.disable(logging.WARNING)
    print(f"Python {platform.python_version()}, {', '.join(f'{p} {version(p)}' for p in PACKAGES)}")
    print(f"{n} requests, {at_once} at once, half of them streams, {FAILURES:.0%} failures\n")
    found: dict[str, Any] = {}
    with (
        provider.running() as sound,
        provider.running(failures=FAILURES) as failing,
        tempfile.TemporaryDirectory() as folder,
    ):
        found["litellm"] = litellm_sdk.measure(failing, n, at_once)
        found |= clients.measure(failing, n, at_once)
        served = servers.measure(Path(folder), sound, failing, n, at_once)
    found["litellm"]["proxy"] = served["proxy"]
    found["serve"] = served["serve"]
    for name, figures in found.items():
        print(name)
        for key, value in figures.items():
            print(f"  {key:<22} {value}")
    print(json.dumps(found))
    short = [name for name in found if found[name]["decisions"] != found[name]["requests"]]
    if short:
        sys.exit(f"not one decision per request: {', '.join(short)}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

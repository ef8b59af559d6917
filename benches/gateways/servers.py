"""Servers: LiteLLM's proxy with and without our callback, and ``messplus serve``."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from load import Connections, Times, run

from messplus import _core
from messplus.reports import accounting
from tests.gateways import provider

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = ("small", "medium", "large")
CONNECTIONS = (1, 16, 64)
SERVE = """\
state = "serve-state"
cooldown = 0

[sla]
target = 0.8

[serve]
port = {port}

[[serve.upstreams]]
url = "{url}"
models = {models}
"""


def measure(folder: Path, url: str, failing: str, n: int, at_once: int) -> dict[str, Any]:
    """Correctness under failures, then speed without, of every server in one run."""
    found: dict[str, Any] = {}
    settings = _litellm_settings(failing)
    with litellm_proxy(folder, settings) as proxy:
        asyncio.run(_load(proxy, "smart", n, at_once, forged=True))
    found["proxy"] = _account(folder / "messplus-state", n)
    path = _serve_settings(folder, failing)
    with serve(path) as gateway:
        asyncio.run(_load(gateway, "messplus", n, at_once, forged=True))
    found["serve"] = _account(folder / "serve-state", n)
    direct = _speeds(url, "small", n)
    with serve(_serve_settings(folder, url)) as gateway:
        ours = _speeds(gateway, "messplus", n)
    with litellm_proxy(folder, _litellm_settings(url)) as proxy:
        routed = _speeds(proxy, "smart", n // 2)
    with litellm_proxy(folder, _litellm_settings(url, plain=True)) as proxy:
        plain = _speeds(proxy, "smart", n // 2)
    found["proxy"] |= {"p50_ms": _p50(routed, 1), "peer_p50_ms": _p50(plain, 1)}
    for connections in CONNECTIONS:
        found["serve"][f"at_{connections}"] = {
            "per_second": round(ours[connections].per_second),
            "peer_per_second": round(plain[connections].per_second),
            "added_p50_ms": round(_p50(ours, connections) - _p50(direct, connections), 2),
            "peer_added_p50_ms": round(_p50(plain, connections) - _p50(direct, connections), 2),
            "p99_ms": round(ours[connections].percentile(99), 2),
            "peer_p99_ms": round(plain[connections].percentile(99), 2),
        }
    return found


def _p50(times: dict[int, Times], connections: int) -> float:
    return round(times[connections].percentile(50), 2)


def _speeds(url: str, model: str, n: int) -> dict[int, Times]:
    return asyncio.run(_speed(url, model, n))


async def _speed(url: str, model: str, n: int) -> dict[int, Times]:
    target = Connections(url, model, "sk-test")
    await run(50, 4, target.request)
    times = {at_once: await run(n, at_once, target.request) for at_once in CONNECTIONS}
    target.close()
    return times


async def _load(url: str, model: str, n: int, at_once: int, forged: bool) -> Times:
    more: dict[str, Any] = {"metadata": {"messplus": "0" * 32}} if forged else {}
    whole = Connections(url, model, "sk-test", **more)
    streamed = Connections(url, model, "sk-test", stream=True, **more)

    async def request(index: int) -> None:
        await (streamed if index % 2 else whole).request(index)

    times = await run(n, at_once, request)
    await asyncio.sleep(2.0)  # LiteLLM tells what became of requests in the background
    whole.close()
    streamed.close()
    return times


def _account(state: Path, n: int) -> dict[str, Any]:
    core, _ = _core.Controller.recover(state)
    report = accounting.build(core.report())
    costed = sum(model.costed for model in report.models.values())
    return {
        "requests": n,
        "decisions": report.decisions,
        "credited": round(costed / report.decisions, 4),
        "provider_failures": sum(model.failed for model in report.models.values()),
    }


def _litellm_settings(url: str, plain: bool = False) -> dict[str, Any]:
    deployments = [
        {
            "model_name": group,
            "litellm_params": {
                "model": f"openai/{model}",
                "api_base": url,
                "api_key": "none",
                "input_cost_per_token": 1e-6 * 3**place,
                "output_cost_per_token": 2e-6 * 3**place,
            },
        }
        for group in ("smart", "backup")
        for place, model in enumerate(MODELS)
    ]
    callbacks = [] if plain else ["messplus.integrations.litellm.handler"]
    return {
        "model_list": deployments,
        "litellm_settings": {"callbacks": callbacks},
        "router_settings": {
            "num_retries": 2,
            "retry_after": 0,
            "fallbacks": [{"smart": ["backup"]}],
        },
        "general_settings": {"master_key": "sk-test"},
    }


@contextmanager
def litellm_proxy(folder: Path, settings: dict[str, Any]) -> Iterator[str]:
    """LiteLLM's proxy, with a router written by ``messplus init``."""
    from messplus.cli import main

    config = folder / "config.yaml"
    config.write_text(json.dumps(settings))
    out = folder / "messplus.toml"
    out.unlink(missing_ok=True)
    with redirect_stdout(StringIO()):
        main(["init", "litellm", str(config), "--target", "0.8"])
    out.write_text(out.read_text().replace('groups = ["smart", "backup"]', 'groups = ["smart"]'))
    port = provider.free_port()
    command = [
        *(str(Path(sys.executable).with_name("litellm")), "--config", str(config)),
        *("--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"),
    ]
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    url = f"http://127.0.0.1:{port}"
    environment = {**quiet, "MESSPLUS_CONFIG": str(out)}
    with provider.process(command, f"{url}/health/liveliness", environment):
        yield f"{url}/v1"


def _serve_settings(folder: Path, url: str) -> Path:
    path = folder / "serve.toml"
    text = SERVE.format(port=provider.free_port(), url=url, models=json.dumps(MODELS))
    for place, model in enumerate(MODELS):
        price = f"input = {3.0**place}, output = {6.0**place}, output_tokens = 10"
        text += f'\n[[models]]\nname = "{model}"\ncost = {{ {price} }}\n'
    path.write_text(text)
    return path


@contextmanager
def serve(path: Path) -> Iterator[str]:
    """``messplus serve``."""
    port = next(line for line in path.read_text().splitlines() if line.startswith("port"))
    url = f"http://127.0.0.1:{port.split()[-1]}"
    command = [sys.executable, "-m", "messplus", "serve", "--config", str(path)]
    with provider.process(command, f"{url}/healthz"):
        yield f"{url}/v1"

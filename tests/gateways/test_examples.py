"""Every example runs as it is, against a fake provider in the place of OpenAI."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.gateways import provider

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = {
    "openai_client.py": ("openai", "2 decisions, cost 0.0000"),
    "langchain_agent.py": ("langchain_openai", "2 decisions, cost 0.0000"),
    "litellm_sdk.py": ("litellm", "1 decision, 1 rating"),
    "otel_spans.py": ("opentelemetry.sdk", '"event_name": "gen_ai.evaluation.result"'),
}
APPLICATION = """
import asyncio, httpx
from fastapi_app import app

async def main():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/ask", params={"question": "What is the capital of France?"})
        rating = {"id": answer.json()["id"], "satisfied": True}
        print((await client.post("/feedback", json=rating)).status_code)

asyncio.run(main())
"""


def needs(package: str) -> None:
    try:
        found = find_spec(package)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"{package} is not installed: see make integrations")


def environment(url: str) -> dict[str, str]:
    keys = {"OPENAI_BASE_URL": url, "OPENAI_API_BASE": url, "OPENAI_API_KEY": "none"}
    return {**os.environ, **keys, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


def output(url: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", *arguments]
    done = subprocess.run(
        command, cwd=EXAMPLES, env=environment(url), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs(url: str, program: str) -> None:
    package, expected = PROGRAMS[program]
    needs(package)
    assert expected in output(url, program)


def test_the_application_answers_and_takes_ratings(url: str) -> None:
    needs("fastapi")
    assert output(url, "-c", APPLICATION) == "204\n"


def test_the_gateway_starts_from_its_settings(url: str, tmp_path: Path) -> None:
    openai: Any = pytest.importorskip("openai")
    settings = tmp_path / "serve.toml"
    text = (EXAMPLES / "serve.toml").read_text()
    settings.write_text(text.replace("https://api.openai.com/v1", url))
    port = str(provider.free_port())
    command = [sys.executable, "-m", "messplus", "serve", "--config", str(settings), "--port", port]
    address = f"http://127.0.0.1:{port}"
    with (
        provider.process(command, f"{address}/healthz", environment(url)),
        openai.OpenAI(base_url=f"{address}/v1", api_key="none") as client,
    ):
        chat = [{"role": "user", "content": "What is the capital of France?"}]
        answer = client.chat.completions.create(model="messplus", messages=chat)
    assert answer.choices[0].message.content.startswith("Paris")


def test_the_proxy_s_settings_are_what_init_writes(tmp_path: Path) -> None:
    needs("litellm")
    from messplus.cli import main

    folder = EXAMPLES / "litellm_proxy"
    config = tmp_path / "config.yaml"
    config.write_text((folder / "config.yaml").read_text())
    assert main(["init", "litellm", str(config), "--target", "0.85"]) == 0
    assert (tmp_path / "messplus.toml").read_text() == (folder / "messplus.toml").read_text()


def test_every_example_is_run() -> None:
    here = {path.name for path in EXAMPLES.glob("*.py")}
    assert here == {*PROGRAMS, "fastapi_app.py"}

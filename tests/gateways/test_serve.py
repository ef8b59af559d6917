"""``messplus serve`` in a process of its own, before a fake provider."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from messplus import ConfigError
from messplus.integrations.serve.relay import Relay
from messplus.integrations.serve.settings import read
from tests.gateways import provider

httpx = pytest.importorskip("httpx")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

CHAT = [{"role": "user", "content": "What is the capital of France?"}]
DECISION, MODEL = "x-messplus-decision-id", "x-messplus-model"
SETTINGS = """\
state = "kept"

[sla]
target = 0.5

[serve]
key_env = "GATE_KEY"
max_body = 10000

[[serve.upstreams]]
url = "{url}"
key_env = "PROVIDER_KEY"
models = {{ down = "down", small = "small-2026", bad = "bad" }}

[[serve.upstreams]]
url = "http://127.0.0.1:1/v1"
models = ["nowhere"]

[[models]]
name = "down"
quality = 0.95
cost = {{ input = 0.1, output = 0.2, output_tokens = 10 }}

[[models]]
name = "nowhere"
quality = 0.9
cost = {{ input = 0.2, output = 0.3, output_tokens = 10 }}

[[models]]
name = "small"
quality = 0.9
cost = {{ input = 1.0, output = 2.0, output_tokens = 10 }}

[[models]]
name = "bad"
quality = 0.3
cost = {{ input = 1e6, output = 1e6, output_tokens = 1000 }}
"""


@pytest.fixture(scope="module")
def client(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("serve")
    path, port = folder / "messplus.toml", provider.free_port()
    path.write_text(SETTINGS.format(url=url))
    command = [sys.executable, "-m", "messplus", "serve"]
    options = ["--config", str(path), "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    keys = {"GATE_KEY": "gate", "PROVIDER_KEY": "provider-secret"}
    with (
        provider.process([*command, *options], f"{address}/healthz", keys),
        httpx.Client(base_url=address, headers={"authorization": "Bearer gate"}) as client,
    ):
        yield client


def metric(client: Any, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def ask(client: Any, **call: Any) -> Any:
    body = {"model": "messplus", "messages": CHAT, **call}
    return client.post("/v1/chat/completions", json=body)


def test_a_request_goes_on_until_a_model_answers(client: Any) -> None:
    answer = ask(client)
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == "small-2026"
    assert answer.headers[MODEL] == "small"
    rating = {"id": answer.headers[DECISION], "satisfied": True}
    assert client.post("/feedback", json=rating).status_code == 204
    assert client.post("/feedback", json=rating).status_code == 404
    assert metric(client, 'messplus_feedback_total{model="small",outcome="rated"}') == 1
    assert metric(client, 'messplus_cost_total{model="small"}') == pytest.approx(30 / 1e6)
    assert metric(client, "messplus_failures_total") >= 1
    assert metric(client, "messplus_adapter_errors_total") == 0


@pytest.mark.parametrize("asked", [False, True])
def test_streams_pass_through_and_teach_their_cost(client: Any, asked: bool) -> None:
    before = metric(client, 'messplus_feedback_total{model="small",outcome="costed"}')
    more = {"stream_options": {"include_usage": True}} if asked else {}
    call = {"model": "messplus", "messages": CHAT, "stream": True, **more}
    with client.stream("POST", "/v1/chat/completions", json=call) as answer:
        assert len(answer.headers[DECISION]) == 32
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line for line in answer.iter_lines() if line]
    assert events[-1] == "data: [DONE]"
    assert len(events) == 7 + asked
    after = metric(client, 'messplus_feedback_total{model="small",outcome="costed"}')
    assert after == before + 1


def test_openai_s_client_is_served(client: Any) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="gate") as sdk:
        assert "messplus" in [model.id for model in sdk.models.list()]
        answer = sdk.chat.completions.with_raw_response.create(model="messplus", messages=CHAT)
        assert len(answer.headers[DECISION]) == 32
        assert answer.parse().choices[0].message.content.startswith("Paris")


def test_a_model_of_the_zoo_may_be_asked_for_by_name(client: Any) -> None:
    before = metric(client, "messplus_decisions_total")
    answer = ask(client, model="small")
    assert answer.status_code == 200
    assert DECISION not in answer.headers
    assert metric(client, "messplus_decisions_total") == before


def test_what_a_provider_refuses_is_the_client_s_to_know(client: Any) -> None:
    assert ask(client, model="bad").status_code == 400
    assert ask(client, model="down").status_code == 429
    assert ask(client, model="nowhere").status_code == 502


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"no json", 400, None),
        (b"[" * 5000, 400, None),
        (b"[]", 400, None),
        (b"{}", 400, "model"),
        (b'{"model": "messplus"}', 400, "messages"),
        (b'{"model": "messplus", "messages": []}', 400, "messages"),
        (b'{"model": "messplus", "messages": ["text"]}', 400, "messages"),
        (b'{"model": "unknown", "messages": [{}]}', 404, "model"),
        (b" " * 10_001, 413, None),
    ],
)
def test_malformed_bodies_get_openai_style_errors(
    client: Any, body: bytes, status: int, param: str | None
) -> None:
    answer = client.post("/v1/chat/completions", content=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param


def test_a_chat_without_text_is_routed_all_the_same(client: Any) -> None:
    answer = ask(client, messages=[{"role": "user", "content": 7}])
    assert answer.status_code == 200
    assert DECISION in answer.headers
    assert metric(client, "messplus_adapter_errors_total") == 0


def test_it_is_watched_by_its_address(
    client: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from messplus.cli import main

    assert main(["watch", str(client.base_url), "--once"]) == 2
    monkeypatch.setenv("MESSPLUS_KEY", "gate")
    assert main(["watch", str(client.base_url), "--once"]) == 0
    assert "small" in capsys.readouterr().out


def test_clients_need_the_key(client: Any) -> None:
    wrong = {"authorization": "Bearer wrong"}
    assert client.get("/v1/models", headers=wrong).status_code == 401
    assert client.post("/feedback", json={}, headers=wrong).status_code == 401
    assert client.get("/healthz", headers=wrong).json() == {"status": "ok"}


UPSTREAM = {"url": "http://127.0.0.1:1/v1", "models": ["small"]}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "serve.upstreams: must be tables, got None"),
        ({"upstreams": [{**UPSTREAM, "more": 1}]}, r"serve.upstreams\[0\]: must have key_env"),
        ({"upstreams": [{**UPSTREAM, "url": "x"}]}, r"upstreams\[0\].url: must begin with http"),
        ({"upstreams": [{**UPSTREAM, "models": 7}]}, r"upstreams\[0\].models: must be names"),
        ({"upstreams": [{**UPSTREAM, "models": ["x"]}]}, r"\['small'\], got \['x'\]"),
        ({"upstreams": [{**UPSTREAM, "key_env": "UNSET_KEY"}]}, "must name a variable that is set"),
        ({"upstreams": [UPSTREAM], "port": 0}, r"serve.port: must be in \[1, 65535\], got 0"),
        ({"upstreams": [UPSTREAM], "timeout": True}, "serve.timeout: must be seconds"),
        ({"upstreams": [UPSTREAM], "max_body": 0}, "serve.max_body: must be bytes"),
        ({"upstreams": [UPSTREAM], "colour": 0}, "serve.colour: must be one of host, port"),
        ({"upstreams": [UPSTREAM], "key_env": "UNSET_KEY"}, "serve.key_env: must name a variable"),
    ],
)
def test_a_bad_table_is_an_error_at_start(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(table, ["small"])


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
@pytest.mark.parametrize("hide", [False, True])
def test_a_relay_passes_events_on_however_they_are_cut(size: int, hide: bool) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"delta": {"content": 'say "usage"\n\n'}}], "usage": None},
        {"choices": [{"delta": {"content": "x"}}]},
        {"choices": [], "usage": usage},
    ]
    lines = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    lines.append(b"data: [DONE]\n\n")
    sent = b"".join(lines)
    relay = Relay(hide)

    async def cut() -> AsyncIterator[bytes]:
        for start in range(0, len(sent), size):
            yield sent[start : start + size]

    async def run() -> bytes:
        return b"".join([events async for events in relay.events(cut())])

    passed = asyncio.run(run())
    assert passed == (sent.replace(lines[2], b"") if hide else sent)
    assert relay.usage == usage


def test_a_key_is_kept_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    del tmp_path
    monkeypatch.setenv("SOME_KEY", "provider-secret")
    settings = read({"upstreams": [{**UPSTREAM, "key_env": "SOME_KEY"}]}, ["small"])
    assert "provider-secret" not in repr(settings)
    assert settings.upstreams["small"].headers()["authorization"] == "Bearer provider-secret"
    assert capsys.readouterr().out == ""

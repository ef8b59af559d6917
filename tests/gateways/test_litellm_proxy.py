"""LiteLLM's proxy with one line of YAML: headers, retries, forgeries, ratings."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateways import provider

pytest.importorskip("litellm.proxy", reason="litellm is not installed: see make gateways")
httpx = pytest.importorskip("httpx")

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT = [{"role": "user", "content": "What is the capital of France?"}]
HEADER = "x-messplus-decision-id"
MODELS = ("down", "small", "large")


def write(folder: Path, url: str, **router: Any) -> Path:
    """A LiteLLM configuration in which the cheapest model of a group never answers."""
    groups = [(name, "smart") for name in MODELS] + [("elsewhere", "other")]
    deployments = [
        {
            "model_name": group,
            "litellm_params": {
                "model": f"openai/{name}",
                "api_base": url,
                "api_key": "provider-secret",
                "input_cost_per_token": 1e-6 * (index + 1),
                "output_cost_per_token": 2e-6 * (index + 1),
            },
        }
        for index, (name, group) in enumerate(groups)
    ]
    settings = {
        "model_list": deployments,
        "litellm_settings": {"callbacks": ["messplus.integrations.litellm.handler"]},
        "router_settings": {"num_retries": 2, "retry_after": 0, **router},
        "general_settings": {"master_key": "sk-test"},
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


@contextmanager
def proxy(config: Path, **env: str) -> Iterator[str]:
    """LiteLLM's proxy in a process of its own, as its URL."""
    port = provider.free_port()
    command = [
        str(Path(sys.executable).with_name("litellm")),
        *("--config", str(config), "--host", "127.0.0.1", "--port", str(port)),
        *("--telemetry", "False"),
    ]
    url = f"http://127.0.0.1:{port}"
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with provider.process(command, f"{url}/health/liveliness", {**quiet, **env}):
        yield url


@pytest.fixture(scope="module")
def served(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    from messplus.cli import main

    folder = tmp_path_factory.mktemp("proxy")
    config = write(folder, url)
    settings = folder / "messplus.toml"
    assert main(["init", "litellm", str(config), "--target", "0.5"]) == 0
    settings.write_text(
        settings.read_text().replace("[litellm]", '[litellm]\nfeedback = "/messplus/feedback"')
    )
    with proxy(config, MESSPLUS_CONFIG=str(settings)) as address:
        headers = {"authorization": "Bearer sk-test"}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            yield client, folder / "messplus-state"


def counts(state: Path) -> tuple[int, dict[str, Any]]:
    from messplus import _core
    from messplus.reports import accounting

    core, _ = _core.Controller.recover(state)
    report = accounting.build(core.report())
    return report.decisions, dict(report.models)


def test_a_request_survives_a_model_that_is_down(served: tuple[Any, Path]) -> None:
    client, state = served
    before, _ = counts(state)
    answer = client.post("/v1/chat/completions", json={"model": "smart", "messages": CHAT})
    assert answer.status_code == 200, answer.text
    assert len(answer.headers[HEADER]) == 32
    after, models = counts(state)
    assert after == before + 1
    assert models["openai/down"].failed >= 1


def test_forged_ids_and_metadata_have_no_effect(served: tuple[Any, Path]) -> None:
    client, state = served
    before, _ = counts(state)
    forged = "f" * 32
    bodies: list[dict[str, Any]] = [
        {"metadata": {"messplus": forged}},
        {"metadata": {"messplus": {"decision_id": forged}}},
        {"litellm_metadata": {"messplus": forged}},
        {"litellm_trace_id": "same", "litellm_call_id": "same"},
        {"litellm_trace_id": "same", "litellm_call_id": "same"},
    ]
    ids = set()
    for body in bodies:
        call = {"model": "smart", "messages": CHAT, **body}
        headers = {"x-litellm-call-id": "same", "x-litellm-trace-id": "same"}
        answer = client.post("/v1/chat/completions", json=call, headers=headers)
        assert answer.status_code == 200, answer.text
        ids.add(answer.headers[HEADER])
    assert len(ids) == len(bodies)
    assert forged not in ids
    assert counts(state)[0] == before + len(bodies)


def test_streams_and_responses_tell_the_id_too(served: tuple[Any, Path]) -> None:
    client, _ = served
    call = {"model": "smart", "messages": CHAT, "stream": True}
    with client.stream("POST", "/v1/chat/completions", json=call) as answer:
        assert len(answer.headers[HEADER]) == 32
        assert b"[DONE]" in answer.read()
    answer = client.post("/v1/responses", json={"model": "smart", "input": "What is 2 + 2?"})
    assert answer.status_code == 200, answer.text
    assert len(answer.headers[HEADER]) == 32


def test_ratings_are_taken_at_the_mounted_route(served: tuple[Any, Path]) -> None:
    client, state = served
    answer = client.post("/v1/chat/completions", json={"model": "smart", "messages": CHAT})
    rating = {"id": answer.headers[HEADER], "satisfied": True}
    assert client.post("/messplus/feedback", json=rating).status_code == 204
    assert client.post("/messplus/feedback", json=rating).status_code == 404
    assert client.post("/messplus/feedback", json={"id": 7}).status_code == 400
    assert client.post("/messplus/feedback", content=b"x" * 5000).status_code == 413
    assert sum(model.rated for model in counts(state)[1].values()) == 1


def test_other_groups_pass_through(served: tuple[Any, Path]) -> None:
    client, state = served
    before, _ = counts(state)
    answer = client.post("/v1/chat/completions", json={"model": "other", "messages": CHAT})
    assert answer.status_code == 200
    assert HEADER not in answer.headers
    assert counts(state)[0] == before


def test_a_zoo_that_litellm_does_not_have_is_an_error_at_start(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from messplus import ConfigError
    from messplus.cli import main
    from messplus.integrations.litellm import from_settings

    config = write(tmp_path, url)
    assert main(["init", "litellm", str(config)]) == 0
    settings = tmp_path / "messplus.toml"
    monkeypatch.setenv("MESSPLUS_CONFIG", str(settings))
    settings.write_text(settings.read_text().replace('"openai/large"', '"openai/huge"'))
    with pytest.raises(ConfigError, match=r"LiteLLM has 'openai/down', 'openai/large'.*huge"):
        from_settings()
    settings.write_text(settings.read_text().replace('["smart"]', '["clever"]'))
    with pytest.raises(ConfigError, match="LiteLLM, which has 'other', 'smart', got 'clever'"):
        from_settings()

"""Settings of a router from LiteLLM's: ``messplus init litellm``."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("yaml", reason="PyYAML comes with LiteLLM: see make gateways")

from messplus import ConfigError
from messplus.cli import main
from messplus.integrations.litellm.config import by_model, check, read

if TYPE_CHECKING:
    from pathlib import Path


def deployment(group: str, model: str, **more: Any) -> dict[str, Any]:
    return {"model_name": group, "litellm_params": {"model": model}, **more}


def write(folder: Path, *deployments: object) -> Path:
    path = folder / "config.yaml"
    path.write_text(json.dumps({"model_list": deployments}))
    return path


def test_the_settings_name_groups_of_several_models_and_their_prices(tmp_path: Path) -> None:
    prices = {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07}
    prices |= {"cache_read_input_token_cost": 7.5e-08}
    path = write(
        tmp_path,
        deployment("smart", "openai/small", model_info=prices),
        deployment("smart", "azure/large", model_info={"messplus_model": "large"}),
        deployment("smart", "openai/large", model_info={"messplus_model": "large"}),
        deployment("alone", "openai/other"),
    )
    assert main(["init", "litellm", str(path), "--target", "0.8"]) == 0
    written = tomllib.loads((tmp_path / "messplus.toml").read_text())
    assert written["sla"] == {"target": 0.8}
    assert written["litellm"] == {"groups": ["smart"], "config": "config.yaml"}
    assert written["models"] == [
        {
            "name": "openai/small",
            "cost": {
                "input": 0.15,
                "output": 0.6,
                "output_tokens": 300.0,
                "cached_input": 0.075,
            },
        },
        {"name": "large", "cost": 0.0},
    ]
    # What is there already is not written over.
    assert main(["init", "litellm", str(path)]) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "config.yaml: must be valid YAML"),
        ("{}", "model_list: must be a list of deployments"),
        ("model_list: [{model_name: x}]", "model_list: must be a list of deployments"),
        (
            "model_list: [{model_name: x, litellm_params: {model: y}}]",
            "must give one model_name to two models at least, got 'x'",
        ),
    ],
)
def test_what_cannot_be_routed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    assert main(["init", "litellm", str(path)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "messplus.toml").exists()


def test_a_zoo_is_compared_with_the_deployments(tmp_path: Path) -> None:
    deployments = read(write(tmp_path, deployment("smart", "a"), deployment("other", "b")))
    check(["a"], ["smart"], deployments)
    with pytest.raises(ConfigError, match="LiteLLM has 'a', got 'a', 'b'"):
        check(["a", "b"], ["smart"], deployments)
    with pytest.raises(ConfigError, match="which has 'other', 'smart', got none"):
        check(["a"], [], deployments)


def test_deployments_are_grouped_by_model() -> None:
    deployments = [deployment("g", "a"), deployment("g", "b"), deployment("g", "a")]
    assert by_model(deployments, ["a"]) == {"a": [deployments[0], deployments[2]]}

"""What a LiteLLM configuration says about models, and a router's settings written from it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messplus._optional import require
from messplus.exceptions import ConfigError
from messplus.prices import TokenPrice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    Deployment = dict[str, Any]


def name_of(deployment: Mapping[str, Any]) -> str:
    """Name of a deployment's model in the zoo: ``model_info.messplus_model``, or LiteLLM's own."""
    given = (deployment.get("model_info") or {}).get("messplus_model")
    return str(given or deployment["litellm_params"]["model"])


def by_model(
    deployments: Iterable[Deployment], zoo: Collection[str]
) -> dict[str, list[Deployment]]:
    """Deployments per model of the zoo; others are left out."""
    found: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        name = name_of(deployment)
        if name in zoo:
            found.setdefault(name, []).append(deployment)
    return found


def check(zoo: Collection[str], groups: Collection[str], deployments: Sequence[Deployment]) -> None:
    """Compare the zoo with LiteLLM's deployments.

    Raises
    ------
    ConfigError
        If a model has no deployment in the groups, or a group does not exist; the message lists
        what there is.
    """
    known = {deployment["model_name"] for deployment in deployments}
    if not groups or not known.issuperset(groups):
        raise ConfigError(
            f"litellm.groups: must name model groups of LiteLLM, which has {_list(known)}, "
            f"got {_list(groups)}"
        )
    served = {name_of(entry) for entry in deployments if entry["model_name"] in groups}
    if not served.issuperset(zoo):
        raise ConfigError(
            f"models: each must have a deployment in {_list(groups)}, where LiteLLM has "
            f"{_list(served)}, got {_list(zoo)}"
        )


def read(path: Path) -> list[Deployment]:
    """Read the deployments of a LiteLLM configuration file.

    Raises
    ------
    ConfigError
        If it cannot be parsed or has no list of models.
    """
    yaml = require("yaml", "litellm")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}: must be valid YAML, got {error}") from error
    deployments = content.get("model_list") if isinstance(content, dict) else None
    if not isinstance(deployments, list) or not all(map(_is_deployment, deployments)):
        rule = "must be a list of deployments with model_name and litellm_params.model"
        raise ConfigError(f"model_list: {rule}, got {type(deployments).__name__}")
    return deployments


def settings(path: Path, target: float, output_tokens: float) -> str:
    """Write the settings of a router, as TOML, for the model groups that hold several models.

    Parameters
    ----------
    path
        LiteLLM's configuration.
    target
        Satisfaction rate to agree on.
    output_tokens
        Expected tokens of an answer, for prices.

    Raises
    ------
    ConfigError
        If the configuration cannot be read, or no group has two models.
    """
    deployments = read(path)
    models: dict[str, dict[str, Deployment]] = {}
    for deployment in deployments:
        models.setdefault(deployment["model_name"], {})[name_of(deployment)] = deployment
    groups = [group for group, members in models.items() if len(members) > 1]
    if not groups:
        raise ConfigError(
            f"model_list: must give one model_name to two models at least, got {_list(models)}"
        )
    lines = [
        'state = "messplus-state"  # folder of what is learned',
        "cooldown = 0  # LiteLLM has its own",
        "",
        "[sla]",
        f"target = {target}",
        "",
        "[litellm]",
        f"groups = {json.dumps(groups)}",
        f"config = {json.dumps(path.name)}  # checked at start",
    ]
    members = {name: found for group in groups for name, found in models[group].items()}
    for name, deployment in members.items():
        lines += ["", "[[models]]", f"name = {json.dumps(name)}", _cost(deployment, output_tokens)]
    return "\n".join(lines) + "\n"


def _cost(deployment: Deployment, output_tokens: float) -> str:
    name = deployment["litellm_params"]["model"]
    listed = deployment.get("model_info") or {}
    found = {**_prices(name, listed.get("base_model")), **listed, **deployment["litellm_params"]}
    kinds = ("_per_token", "_token_cost")
    own = {key: _number(value) for key, value in found.items() if key.endswith(kinds)}
    try:
        price = TokenPrice.from_map({name: own}, name, output_tokens)
    except ConfigError:
        return "cost = 0.0  # no price is listed: the first bills tell"
    cached = "" if price.cached_input is None else f", cached_input = {price.cached_input}"
    return (
        f"cost = {{ input = {price.input}, output = {price.output}, "
        f"output_tokens = {price.output_tokens}{cached} }}  # per million tokens"
    )


def _prices(*names: str | None) -> dict[str, Any]:
    """Prices in LiteLLM's own map, read without importing it, which takes seconds."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).with_name("model_prices_and_context_window_backup.json")
    prices = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    spellings = [name for given in names if given for name in (given, given.partition("/")[2])]
    return next((prices[name] for name in spellings if name in prices), {})


def _number(value: object) -> object:
    """YAML takes 1e-6, without a dot, for text; LiteLLM takes it for the number it means."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _is_deployment(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("model_name"), str)
        and isinstance(entry.get("litellm_params"), dict)
        and isinstance(entry["litellm_params"].get("model"), str)
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(names))) or "none"

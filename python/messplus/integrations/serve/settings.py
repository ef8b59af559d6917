"""The table ``[serve]``: where to listen, whom to call, and how much to bear."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from messplus.exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True)
class Upstream:
    """Who serves a model.

    Attributes
    ----------
    url
        Base of its API, such as ``https://api.openai.com/v1``.
    model
        What it calls the model.
    key_env
        Environment variable with its key; None where it needs none.
    """

    url: str
    model: str
    key_env: str | None

    def headers(self) -> dict[str, str]:
        """Headers of a call; the key is read at each, and kept nowhere."""
        key = os.environ.get(self.key_env) if self.key_env else None
        bearer = {"authorization": f"Bearer {key}"} if key else {}
        return {"content-type": "application/json", **bearer}


@dataclass(frozen=True)
class ServeSettings:
    """What the table holds.

    Attributes
    ----------
    upstreams
        Who serves each model of the zoo.
    host, port
        Where to listen.
    key_env
        Environment variable with the key that clients must bring; without it nobody is asked.
    timeout
        Seconds an upstream has to begin its answer, and may pause within it.
    max_body
        Bytes of a request; of an answer, sixteen times as many.
    """

    upstreams: Mapping[str, Upstream]
    host: str = "127.0.0.1"
    port: int = 8080
    key_env: str | None = None
    timeout: float = 60.0
    max_body: int = 1 << 20


def read(table: Mapping[str, Any], zoo: Collection[str]) -> ServeSettings:
    """Check the table against the zoo.

    Raises
    ------
    ConfigError
        If a key is unknown, a value breaks its rule, a variable is not set, or a model of the zoo
        has no upstream; the message names the key.
    """
    table = dict(table)
    upstreams = _upstreams(table.pop("upstreams", None), zoo)
    for key, value in table.items():
        rule = _RULES.get(key)
        if rule is None:
            raise ConfigError(f"serve.{key}: must be one of {', '.join(_RULES)}, upstreams")
        if not isinstance(value, rule[0]) or isinstance(value, bool) or not rule[1](value):
            raise ConfigError(f"serve.{key}: {rule[2]}, got {value!r}")
    _is_set(table.get("key_env"), "serve.key_env")
    return ServeSettings(upstreams, **table)


_RULES: dict[str, tuple[Any, Any, str]] = {
    "host": (str, bool, "must be an address"),
    "port": (int, lambda port: 0 < port < 65_536, "must be in [1, 65535]"),
    "key_env": (str, bool, "must name an environment variable"),
    "timeout": (int | float, lambda t: 0 < t <= 3600, "must be seconds in (0, 3600]"),
    "max_body": (int, lambda n: 1 <= n <= 1 << 30, "must be bytes in [1, 2**30]"),
}
_KEYS = {"url", "key_env", "models"}


def _upstreams(entries: Any, zoo: Collection[str]) -> dict[str, Upstream]:
    found: dict[str, Upstream] = {}
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"serve.upstreams: must be tables, got {entries!r}")
    for index, entry in enumerate(entries):
        place = f"serve.upstreams[{index}]"
        url, key_env, models = entry.get("url"), entry.get("key_env"), entry.get("models")
        if not entry.keys() <= _KEYS:
            raise ConfigError(f"{place}: must have {', '.join(sorted(_KEYS))}, got {list(entry)}")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise ConfigError(f"{place}.url: must begin with http:// or https://, got {url!r}")
        names = dict(zip(models, models, strict=True)) if isinstance(models, list) else models
        if not isinstance(names, dict) or not all(isinstance(v, str) for v in names.values()):
            raise ConfigError(f"{place}.models: must be names, or a table of them, got {models!r}")
        _is_set(key_env, f"{place}.key_env")
        for name, theirs in names.items():
            found.setdefault(name, Upstream(url.rstrip("/"), theirs, key_env))
    if found.keys() != set(zoo):
        rule = "must serve the models of the zoo"
        raise ConfigError(f"serve.upstreams: {rule}, {sorted(zoo)}, got {sorted(found)}")
    return found


def _is_set(variable: Any, key: str) -> None:
    if variable is not None and not (isinstance(variable, str) and os.environ.get(variable)):
        raise ConfigError(f"{key}: must name a variable that is set, got {variable!r}")

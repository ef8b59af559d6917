"""LiteLLM: a callback that narrows a model group to the model the router chose.

In the proxy's YAML, with ``MESSPLUS_CONFIG`` naming a settings file (``messplus init litellm``
writes one)::

    litellm_settings:
      callbacks: ["messplus.integrations.litellm.handler"]

With the SDK: ``litellm.callbacks.append(Handler(router, groups=["smart"]))``. LiteLLM routes its
synchronous calls past callbacks; :meth:`Handler.attach` catches them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from messplus.exceptions import ConfigError
from messplus.integrations.feedback import FeedbackRoute
from messplus.integrations.settings import load

from . import config

if TYPE_CHECKING:
    from pathlib import Path

    from messplus.integrations.guard import Guard

    from .callback import Handler

__all__ = ["Handler", "from_settings", "handler"]


def from_settings(path: str | Path | None = None) -> Handler:
    """Make the handler of a settings file, of ``MESSPLUS_CONFIG`` where no path is given.

    Its table ``[litellm]`` has ``groups``, the model groups to route; ``config``, the path of
    LiteLLM's own configuration, if the zoo shall be compared with it at start; and ``feedback``, a
    path such as ``/feedback``, if the proxy shall take ratings there (:class:`.FeedbackRoute`).

    Raises
    ------
    ConfigError
        If a setting breaks its rule, or LiteLLM lacks a deployment for a model of the zoo.
    """
    from .callback import Handler

    router, table, folder = load(path, "litellm")
    groups, file = table.get("groups"), table.get("config")
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise ConfigError(f"litellm.groups: must be a list of model groups, got {groups!r}")
    if file is not None:
        deployments = config.read(folder / file)
        config.check([model.name for model in router.models], groups, deployments)
    handler = Handler(router, groups)
    _mount(table.get("feedback"), handler.guard)
    return handler


def _mount(path: object, guard: Guard) -> None:
    if path is None:
        return
    if not isinstance(path, str) or not path.startswith("/") or len(path) < 2:
        raise ConfigError(f"litellm.feedback: must be a path such as '/feedback', got {path!r}")
    proxy = sys.modules.get("litellm.proxy.proxy_server")
    if proxy is not None:
        proxy.app.add_route(path, FeedbackRoute(guard), methods=["POST"])


def __getattr__(name: str) -> object:
    # At first use: the package needs LiteLLM only then, and a settings file only for ``handler``.
    if name == "Handler":
        from .callback import Handler

        return Handler
    if name == "handler":
        return globals().setdefault(name, from_settings())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""How the models of a router change while it serves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from messplus import config
from messplus.models import Model

from .core_config import native_model

if TYPE_CHECKING:
    from messplus._core import Controller
    from messplus.prices import TokenPrice


def add(core: Controller, model: Model) -> None:
    """Let a model join; raises as :meth:`messplus.Router.add_model` does."""
    core.add_model(json.dumps(native_model(config.validate_model(model))))


def reprice(core: Controller, name: str, cost: float | TokenPrice) -> None:
    """Change a listed cost; raises as :meth:`messplus.Router.reprice` does."""
    model = config.validate_model(Model(name, cost))
    core.reprice(name, json.dumps(native_model(model)["cost"]))

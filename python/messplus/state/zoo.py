"""The models of a router, and how their set changes while it serves."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from messplus import config
from messplus.models import Model

if TYPE_CHECKING:
    from messplus._core import Controller
    from messplus.prices import TokenPrice


class Zoo:
    """The part of :class:`Router` that lets models join, leave and change their price."""

    _core: Controller

    @property
    def models(self) -> tuple[Model, ...]:
        """The zoo: the models that may be chosen, with the costs listed now."""
        return config.zoo(self._core.config)

    def add_model(self, model: Model) -> None:
        """Let a model join the zoo.

        It starts from its listed cost and quality and is tried where it might win; what was learned
        about the others stays. A model that left and returns keeps what was learned of it.

        Raises
        ------
        ConfigError
            If a value breaks its rule, the name is taken, or the zoo has 64 models, those that left
            included. Nothing has changed then.
        """
        self._core.add_model(json.dumps(asdict(config.validate_model(model))))

    def remove_model(self, name: str) -> None:
        """Let a model leave the zoo; feedback on requests it served is accepted as before.

        Raises
        ------
        InputError
            If it is not in the zoo, or the last of it. Nothing has changed then.
        """
        self._core.remove_model(name)

    def reprice(self, name: str, cost: float | TokenPrice) -> None:
        """Change the listed cost of a model; what it is expected to cost changes in proportion.

        Raises
        ------
        ConfigError
            If the cost breaks the rule of :class:`Model`. Nothing has changed then.
        InputError
            If the model is not in the zoo. Nothing has changed then.
        """
        model = config.validate_model(Model(name, cost))
        self._core.reprice(name, json.dumps(asdict(model)["cost"]))

"""Settings as the core spells them: written when a router is made, read where one is found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from messplus.agreement import SLA
from messplus.models import Model
from messplus.prices import TokenPrice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus._core import Controller
    from messplus._schema import RouterSettings

#: The caps of a router that has none: the largest cost there is.
NO_CAP = 1e18


@dataclass(frozen=True)
class CoreConfig:
    """Settings of a router as its core keeps them.

    Attributes
    ----------
    models
        Every model that is or was in the zoo, in the order in which they joined.
    removed
        Names of those that have left it.
    levels
        Target by service level.
    n_limits
        Number of limits.
    metadata
        What :meth:`messplus.featurizers.requests.RequestFeatures.metadata` says.
    fixed
        All else, which a router keeps for life.
    """

    models: tuple[Model, ...]
    removed: frozenset[str]
    levels: Mapping[str, float]
    n_limits: int
    metadata: str
    fixed: Mapping[str, Any]

    @classmethod
    def of(cls, core: Controller) -> CoreConfig:
        """Read the settings of a core as they are now."""
        return cls.parse(core.config)

    @classmethod
    def parse(cls, text: str) -> CoreConfig:
        """Read settings that :func:`write` or the core wrote."""
        native = json.loads(text)
        models, metadata = native.pop("models"), native.pop("metadata")
        agreement = native.pop("agreement")
        listed = agreement.pop("levels")
        levels = {level["name"]: level["alpha"] for level in listed}
        agreement["sources"] = {level["name"]: level.get("source") for level in listed}
        return cls(
            models=tuple(_model(model) for model in models),
            removed=frozenset(model["name"] for model in models if model.get("retired")),
            levels=levels,
            n_limits=len(agreement["limits"]),
            metadata=metadata,
            fixed=agreement | native,
        )

    @property
    def zoo(self) -> tuple[Model, ...]:
        """The models that may be chosen."""
        return tuple(model for model in self.models if model.name not in self.removed)

    @property
    def listed_costs(self) -> dict[str, float]:
        """Listed cost of a usual request by model."""
        return {
            model.name: model.cost.cost() if isinstance(model.cost, TokenPrice) else model.cost
            for model in self.models
        }

    def arguments(self) -> dict[str, object]:
        """What a router keeps for life, under the names that callers know."""
        if list(self.levels) == ["default"]:
            return {"sla.target": self.levels["default"], **self.fixed}
        return {"slas": dict(self.levels), **self.fixed}


def write(settings: RouterSettings, n_features: int, metadata: str = "") -> str:
    """Write checked settings as the core reads them.

    Parameters
    ----------
    settings
        What :func:`messplus.config.validate` returned.
    n_features
        Length of a feature vector.
    metadata
        Text carried with the state.
    """
    slas = dict(settings.slas)
    if settings.sla is not None or not slas:
        slas = {"default": settings.sla or SLA(target=0.0)}
    native = {
        "models": [native_model(model) for model in settings.models],
        "agreement": {
            "levels": [_level(name, sla) for name, sla in slas.items()],
            "limits": [asdict(limit) for limit in settings.limits],
            "objective": settings.objective,
        },
        "switching_cost": settings.switching_cost,
        "n_features": n_features,
        "policy": asdict(settings.policy),
        "seed": settings.seed,
        "pending_capacity": settings.pending_capacity,
        "operation": _operation(settings),
        "metadata": metadata,
    }
    return json.dumps(native)


def _level(name: str, sla: SLA) -> dict[str, object]:
    source = {} if sla.source is None else {"source": sla.source}
    return {"name": name, "alpha": sla.target, **source}


def _operation(settings: RouterSettings) -> dict[str, object]:
    """Leave out what is as usual, as the core does."""
    operation: dict[str, object] = {
        "pending_age": settings.pending_age,
        "missing": settings.missing,
        "cooldown": settings.cooldown,
    }
    for name in ("audit", "audit_first", "epsilon"):
        if number := getattr(settings, name):
            operation[name] = number
    for name in ("max_cost", "max_price"):
        if (most := getattr(settings, name)) != NO_CAP:
            operation[name] = most
    if settings.unrated != "best":
        operation["unrated"] = unrated(settings.unrated)
    return operation


def _model(native: Mapping[str, Any]) -> Model:
    cost = native["cost"]
    price = TokenPrice(**cost) if isinstance(cost, dict) else cost
    return Model(
        native["name"],
        price,
        native.get("quality"),
        native.get("max_input_tokens"),
        frozenset(native["supports"]) if "supports" in native else None,
    )


def native_model(model: Model) -> dict[str, Any]:
    """Write a model as the core reads it; what is not said of it is left out."""
    native = {name: value for name, value in asdict(model).items() if value is not None}
    if model.supports is not None:
        native["supports"] = sorted(model.supports)
    return native


def unrated(setting: str) -> str | dict[str, str]:
    """Where requests go while nobody rates, as the core spells it."""
    return setting if setting in ("best", "learn") else {"model": setting}

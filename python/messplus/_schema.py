"""The pydantic schema of a router's settings: keys and types, not ranges."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .agreement import SLA, Limit
from .models import Model
from .policies import DefaultPolicy, EpsilonGreedyPolicy, PaperPolicy


class RouterSettings(BaseModel):
    """Keyword arguments of a router, as a settings file spells them."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    models: list[Model]
    sla: SLA | None = None
    slas: dict[str, SLA] = Field(default_factory=dict)
    limits: list[Limit] = Field(default_factory=list)
    objective: Literal["cost", "satisfaction"] = "cost"
    switching_cost: float = Field(default=0.0, ge=0)
    policy: Annotated[
        DefaultPolicy | PaperPolicy | EpsilonGreedyPolicy, Field(discriminator="preset")
    ] = DefaultPolicy()
    seed: int = Field(default=0, ge=0, lt=2**64)
    pending_capacity: int = Field(default=16_384, ge=1)
    pending_age: int | None = Field(default=None, ge=1)
    missing: Literal["ignore", "predicted", "unsatisfied"] = "ignore"
    cooldown: int = Field(default=5, ge=0, le=86_400)
    audit: float = Field(default=0.0, ge=0, le=1)
    audit_first: float = Field(default=0.0, ge=0, le=1e6)
    epsilon: float = Field(default=0.0, ge=0, le=1)
    max_cost: float = Field(default=1e18, ge=0, le=1e18)
    max_price: float = Field(default=1e18, ge=0, le=1e18)
    unrated: str = "best"
    tag_features: int = Field(default=16, ge=0, le=1024)


class Amended(BaseModel):
    """The arguments of ``Router.amend``."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    slas: SLA | dict[str, SLA] | None = None
    limits: list[Limit] | None = None
    cooldown: int | None = Field(default=None, ge=0, le=86_400)
    missing: Literal["ignore", "predicted", "unsatisfied"] | None = None
    audit: float | None = Field(default=None, ge=0, le=1)
    audit_first: float | None = Field(default=None, ge=0, le=1e6)
    max_cost: float | None = Field(default=None, ge=0, le=1e18)
    max_price: float | None = Field(default=None, ge=0, le=1e18)
    unrated: str | None = None


class OneModel(BaseModel):
    """The argument of ``Router.add_model``."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    model: Model

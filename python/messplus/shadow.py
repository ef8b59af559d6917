"""Shadow mode: a fixed model serves while the router shows what it would have done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exceptions import ConfigError

if TYPE_CHECKING:
    from .state.core_config import CoreConfig


@dataclass(frozen=True)
class Shadow:
    """Who serves while the router only watches.

    Parameters
    ----------
    model
        The model that serves. Where it may not (``allowed``, or a call of it failed), the router's
        choice does.
    explore
        Share of requests that go to a model drawn uniformly from the allowed ones, in ``[0, 1]``.
        Without any, nothing is observed of the router's choice where it is another model.
    """

    model: str
    explore: float = 0.0


def checked(shadow: str | Shadow | None, settings: CoreConfig) -> tuple[str, float] | None:
    """Check who serves against the settings of a router.

    Raises
    ------
    ConfigError
        If the model is not in the zoo, the share is out of range, or the router has limits.
    """
    if shadow is None:
        return None
    if isinstance(shadow, str):
        shadow = Shadow(shadow)
    if not isinstance(shadow, Shadow):
        raise ConfigError(f"shadow: must be a model's name or a Shadow, got {shadow!r}")
    if shadow.model not in [model.name for model in settings.zoo]:
        raise ConfigError(f"shadow: must name a model of the zoo, got {shadow.model!r}")
    number = isinstance(shadow.explore, (int, float)) and not isinstance(shadow.explore, bool)
    if not number or not 0.0 <= shadow.explore <= 1.0:
        raise ConfigError(f"shadow.explore: must be in [0, 1], got {shadow.explore!r}")
    if settings.n_limits:
        raise ConfigError(f"shadow: must not be combined with limits, got {settings.n_limits}")
    return shadow.model, float(shadow.explore)

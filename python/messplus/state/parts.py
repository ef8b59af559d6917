"""What a router is made of, from settings or from what another one left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from messplus._core import Controller
from messplus.featurizers.requests import RequestFeatures

from . import core_config
from .core_config import CoreConfig

if TYPE_CHECKING:
    from messplus._schema import RouterSettings
    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.fleet.membership import Membership

    from .recovery import Recovery


@dataclass(frozen=True)
class Parts:
    """The parts of a router that its state tells.

    Attributes
    ----------
    core
        The native controller.
    features
        What turns requests into vectors.
    recovery
        How the folder was found, where there was one.
    membership
        How it stands to a fleet, where it may have one.
    """

    core: Controller
    features: RequestFeatures
    recovery: Recovery | None = None
    membership: Membership | None = None

    def close(self) -> None:
        """Let go of folder and fleet."""
        if self.membership is not None:
            self.membership.close()
        self.core.close()


def make(settings: RouterSettings, featurizer: AnyFeaturizer) -> Parts:
    """Make the parts of a new router.

    Raises
    ------
    ConfigError
        If a setting breaks its rule.
    """
    features = RequestFeatures(featurizer, settings.tag_features)
    return Parts(Controller(native(settings, features)), features)


def restore(core: Controller, featurizer: AnyFeaturizer, recovery: Recovery | None = None) -> Parts:
    """Give a core that was found its features.

    Raises
    ------
    StateError
        If it was made with another featurizer, or without a router.
    """
    metadata = CoreConfig.of(core).metadata
    return Parts(core, RequestFeatures.from_metadata(metadata, featurizer), recovery)


def native(settings: RouterSettings, features: RequestFeatures) -> str:
    """Write settings and what is known of the featurizer as the core reads them."""
    return core_config.write(settings, features.map.n_features, features.metadata())


def given_to_core(
    settings: RouterSettings | None, featurizer: AnyFeaturizer
) -> tuple[str | None, AnyFeaturizer]:
    """Settings as the core reads them, where any are given, and the featurizer as it is then."""
    if settings is None:
        return None, featurizer
    features = RequestFeatures(featurizer, settings.tag_features)
    return native(settings, features), features.map.featurizer

"""Reward of one turn, with its components."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from messplus.exceptions import ConfigError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .actions import ActionSpace
    from .costs import CostTable


@dataclass(frozen=True)
class Reward:
    """A reward and its unweighted parts.

    Attributes
    ----------
    total
        The reward.
    response
        Response score q.
    association
        Uploaded share of the association mass, in ``[0, 1]``.
    latency, cost
        Latency and cost, scaled to ``[0, 1]`` over the levels of their table.
    """

    total: float
    response: float
    association: float
    latency: float
    cost: float


@dataclass(frozen=True)
class RewardWeights:
    """Weights of TMO's reward ``alpha q + b_a C~ - b_l L~ - b_u U~``, each finite and ``>= 0``.

    Parameters
    ----------
    response
        alpha, of the response score q.
    association
        b_a, of C~, the uploaded share of the turn's association mass, in ``[0, 1]``.
    latency
        b_l, of L~, the latency scaled to ``[0, 1]`` over the levels of the cost table.
    cost
        b_u, of U~, the usage cost scaled likewise.

    Raises
    ------
    ConfigError
        If a weight is negative or not finite.

    Examples
    --------
    >>> from messplus.offload import ActionSpace, CostTable, RewardWeights
    >>> space, costs = ActionSpace(("camera",)), CostTable((0.0, 1.0, 4.0), (0.0, 0.001, 0.002))
    >>> RewardWeights(latency=0.25, cost=0.25).reward(space, 2, 1.5, [0.2], costs)
    Reward(total=1.3333333333333333, response=1.5, association=1.0, latency=1.0, cost=1.0)
    """

    response: float = 1.0
    association: float = 1 / 3
    latency: float = 1 / 3
    cost: float = 1 / 3

    def __post_init__(self) -> None:
        for name in ("response", "association", "latency", "cost"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} weight: must be finite and >= 0, got {value!r}")

    def as_tuple(self) -> tuple[float, float, float, float]:
        """``(response, association, latency, cost)``."""
        return self.response, self.association, self.latency, self.cost

    def reward(
        self,
        space: ActionSpace,
        action: int,
        response: float,
        association: Sequence[float],
        costs: CostTable,
    ) -> Reward:
        """Reward of one turn.

        Parameters
        ----------
        space, action
            The action space and the index of the action taken.
        response
            Response score q.
        association
            Association of the prompt with each modality, shape ``(M,)``, ``>= 0``.
        costs
            Latency and cost by level.

        Returns
        -------
        Reward
            With its components.

        Raises
        ------
        ShapeError
            If ``association`` or ``costs`` does not have the space's modalities.
        """
        names = space.modalities
        if len(association) != len(names) or costs.modalities != len(names):
            found = len(association), costs.modalities
            raise ShapeError(
                f"association, costs: must be for {len(names)} modalities, got {found}"
            )
        uploaded = space.decode(action).modalities
        mass = sum(association)
        picked = sum(c for name, c in zip(names, association, strict=True) if name in uploaded)
        share = picked / mass if mass > 0 else 0.0
        level = space.level(action)
        latency = _scaled(costs.latency, level)
        cost = _scaled(costs.cost, level)
        total = (
            self.response * response
            + self.association * share
            - self.latency * latency
            - self.cost * cost
        )
        return Reward(total, response, share, latency, cost)


DEFAULT_WEIGHTS = RewardWeights()
"""TMO's weights: 1 for the response score, 1/3 for everything else."""


def _scaled(values: Sequence[float], level: int) -> float:
    low, high = min(values), max(values)
    return (values[level] - low) / (high - low) if high > low else 0.0

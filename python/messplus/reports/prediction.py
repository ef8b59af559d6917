"""What the router would say of a request, without being asked to serve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus._core import Decision

    from .explain import Candidate


@dataclass(frozen=True)
class Prediction:
    """How the models look on a request, and which would serve it; nothing has been decided.

    Attributes
    ----------
    model
        The model that would serve, all draws left out: no exploration, ``epsilon`` or shadow.
    ranking
        All allowed models, best first, those that are cooling down last.
    reason
        Why, as in a decision.
    price
        What one more satisfied request may cost now, in the unit of the costs; None where costs do
        not count.
    cooling
        Allowed models that come last because a call of theirs has failed.
    candidates
        Every model of the zoo: probability of satisfaction with its uncertainty, expected cost,
        score.
    """

    model: str
    ranking: tuple[str, ...]
    reason: str
    price: float | None
    cooling: tuple[str, ...]
    candidates: Mapping[str, Candidate]


def predict(decision: Decision) -> Prediction:
    """Take over what a decision that nobody acts on says.

    Parameters
    ----------
    decision
        The decision.
    """
    explanation = decision.explain()
    return Prediction(
        model=decision.model,
        ranking=decision.ranking,
        reason=decision.reason,
        price=explanation.price,
        cooling=explanation.cooling,
        candidates=explanation.candidates,
    )

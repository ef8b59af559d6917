"""Why a model was chosen, and what would have changed that."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Protocol

from ._text_table import format_table

if TYPE_CHECKING:
    from collections.abc import Mapping

_SDS_OF_95_PERCENT = 1.959964


class _Decided(Protocol):
    """What is read of a decision: the native module, where decisions live, calls this one."""

    @property
    def id(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def model(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def ranking(self) -> tuple[str, ...]: ...
    @property
    def p_satisfied(self) -> dict[str, float]: ...
    @property
    def expected_cost(self) -> dict[str, float]: ...
    @property
    def score(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Candidate:
    """How one model looked on a request.

    Attributes
    ----------
    p_satisfied
        Predicted probability of satisfaction.
    log_odds_sd
        Standard deviation of its log odds, as far as it is the model's own: how hard the request is
        for all of them is left out. None where the policy keeps none.
    interval
        The probability at 1.96 standard deviations to either side; None likewise.
    expected_cost
        Expected cost of the call.
    score
        What was compared, lower is better.
    """

    p_satisfied: float
    log_odds_sd: float | None
    interval: tuple[float, float] | None
    expected_cost: float
    score: float


@dataclass(frozen=True)
class Flip:
    """What would have made the runner-up the best, each alone and all else equal.

    None stands for: nothing of this kind would have.

    Attributes
    ----------
    runner_up
        The model of the second-best score.
    price
        Price of satisfaction at which both would have been equal.
    p_satisfied
        Probability of satisfaction from which the runner-up would have won.
    expected_cost
        Expected cost below which it would have won.
    """

    runner_up: str
    price: float | None
    p_satisfied: float | None
    expected_cost: float | None


@dataclass(frozen=True)
class Explanation:
    """A decision taken apart; ``str()`` of it is to be read.

    Attributes
    ----------
    id, step, model, reason
        As in the decision.
    best
        The model of the best score: ``model``, unless the request was drawn for exploration.
    cooling
        Allowed models left out because a call of theirs has failed.
    multiplier
        What one unit of satisfaction counts in the scores.
    price
        The same in the unit of the costs: what one more satisfied request may cost now. None where
        costs do not count.
    optimism
        Standard deviations by which the log odds are raised before they are weighed, so that what
        is uncertain is tried.
    candidates
        Every model of the zoo.
    flip
        What would have made another model the best; None where only one was allowed.
    """

    id: str
    step: int
    model: str
    reason: str
    best: str
    cooling: tuple[str, ...]
    multiplier: float
    price: float | None
    optimism: float
    candidates: Mapping[str, Candidate]
    flip: Flip | None

    def __str__(self) -> str:
        rows = [
            (
                name,
                f"{candidate.p_satisfied:.3f}",
                ""
                if candidate.interval is None
                else "{:.3f} to {:.3f}".format(*candidate.interval),
                f"{candidate.expected_cost:.4g}",
                f"{candidate.score:.4g}",
            )
            for name, candidate in self.candidates.items()
        ]
        table = format_table(["model", "p satisfied", "95 % range", "cost", "score"], rows)
        return "\n".join([self._headline(), table, *self._flip()])

    def _headline(self) -> str:
        why = f"{self.model!r} serves request {self.step} ({self.reason}"
        if self.model != self.best:
            why += f"; {self.best!r} has the best score"
        if self.cooling:
            why += f"; cooling down: {', '.join(self.cooling)}"
        worth = (
            "" if self.price is None else f"; one more satisfied request is worth {self.price:.4g}"
        )
        return f"{why}){worth}"

    def _flip(self) -> list[str]:
        if self.flip is None:
            return []
        flip = self.flip
        ways = []
        if flip.price is not None and self.price is not None:
            side = "above" if flip.price > self.price else "below"
            ways.append(f"a price {side} {flip.price:.4g}")
        if flip.p_satisfied is not None:
            ways.append(f"a probability above {flip.p_satisfied:.3f}")
        if flip.expected_cost is not None:
            ways.append(f"a cost below {flip.expected_cost:.4g}")
        if not ways:
            return []
        return [f"{flip.runner_up!r} would have beaten {self.best!r} at {' or '.join(ways)}"]


def explain(
    decision: _Decided,
    satisfaction: float,
    cost: float,
    optimism: float,
    log_odds_sd: Mapping[str, float],
    cooling: tuple[str, ...],
) -> Explanation:
    """Take a decision apart.

    Parameters
    ----------
    decision
        The decision.
    satisfaction, cost
        What one unit of each counts in its scores.
    optimism
        Standard deviations by which log odds are raised.
    log_odds_sd
        Standard deviation of the log odds by model; empty where the policy keeps none.
    cooling
        Allowed models that were left out.
    """
    probabilities, costs, scores = decision.p_satisfied, decision.expected_cost, decision.score
    candidates = {}
    for name, p in probabilities.items():
        sd = log_odds_sd.get(name)
        interval = None
        if sd is not None:
            interval = (_shifted(p, -_SDS_OF_95_PERCENT * sd), _shifted(p, _SDS_OF_95_PERCENT * sd))
        candidates[name] = Candidate(p, sd, interval, costs[name], scores[name])
    ranked = [name for name in decision.ranking if name not in cooling]
    best, *others = sorted(ranked, key=scores.__getitem__)
    flip = None
    if others:
        flip = _flip(
            candidates[best], candidates[others[0]], others[0], satisfaction, cost, optimism
        )
    return Explanation(
        id=decision.id,
        step=decision.step,
        model=decision.model,
        reason=decision.reason,
        best=best,
        cooling=cooling,
        multiplier=satisfaction,
        price=satisfaction / cost if cost > 0.0 else None,
        optimism=optimism,
        candidates=candidates,
        flip=flip,
    )


def _flip(
    best: Candidate, other: Candidate, name: str, satisfaction: float, cost: float, optimism: float
) -> Flip:
    # Scores are cost E - satisfaction p, so each term that closes the gap is linear in one of them.
    gap = other.score - best.score
    best_rise, rise = (optimism * (model.log_odds_sd or 0.0) for model in (best, other))
    seen = _shifted(other.p_satisfied, rise)
    price = p_satisfied = expected_cost = None
    ahead = seen - _shifted(best.p_satisfied, best_rise)
    if cost > 0.0:
        if ahead != 0.0 and satisfaction + gap / ahead >= 0.0:
            price = (satisfaction + gap / ahead) / cost
        if other.expected_cost >= gap / cost:
            expected_cost = other.expected_cost - gap / cost
    if satisfaction > 0.0 and seen + gap / satisfaction < 1.0:
        p_satisfied = _shifted(seen + gap / satisfaction, -rise)
    return Flip(name, price, p_satisfied, expected_cost)


def _shifted(p: float, by: float) -> float:
    """The probability whose log odds are higher by so much; 0 and 1 stay."""
    if p <= 0.0 or p >= 1.0:
        return p
    log_odds = log(p / (1.0 - p)) + by
    return 1.0 / (1.0 + exp(-log_odds)) if log_odds > -700.0 else 0.0

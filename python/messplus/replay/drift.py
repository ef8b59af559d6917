"""Streams that change on the way: a model degrades, gets another price, or appears."""

from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from messplus.exceptions import ConfigError

from .draws import Use, generator
from .tables import Table

Kind = Literal["degrade", "price", "appear"]
_AMOUNT = {"degrade": 0.5, "price": None, "appear": None}


@dataclass(frozen=True)
class Drift:
    """One change of one model.

    Attributes
    ----------
    kind
        ``degrade``: later answers fail with probability ``amount``, whatever their score was;
        ``price``: later costs are ``amount`` times as high; ``appear``: the model cannot be used
        earlier.
    model
        Index of the model.
    at
        Share of the stream before the change, in [0, 1].
    amount
        As the kind says.
    """

    kind: Kind
    model: int
    at: float
    amount: float = 0.0

    def apply(self, table: Table, order: npt.NDArray[np.uint32], seed: int) -> Table:
        """Change the outcomes of a table as a stream in this order meets them."""
        scores, costs = table.scores.copy(), table.costs.copy()
        earlier, later = np.split(order, [int(self.at * len(order))])
        match self.kind:
            case "degrade":
                fails = generator(seed, Use.DRIFT).random(len(later)) < self.amount
                rows = later[fails]
                # A missing score stays missing.
                scores[rows, self.model] *= 0.0
            case "price":
                costs[later, self.model] *= self.amount
            case "appear":
                scores[earlier, self.model] = np.nan
                costs[earlier, self.model] = np.nan
        return replace(table, scores=scores, costs=costs)


def parse_drift(text: str, table: Table) -> Drift:
    """Read ``degrade:MODEL@AT[:RATE]``, ``price:MODEL@AT:FACTOR`` or ``appear:MODEL@AT``.

    Raises
    ------
    ConfigError
        If it is none of these, the model is not in the table, or a number is out of range; or where
        the model is the only one and appears late.
    """
    kind, _, rest = text.partition(":")
    model, _, numbers = rest.rpartition("@") if "@" in rest else (rest, "", "")
    at_text, *amounts = numbers.split(":")
    form = "degrade:MODEL@AT[:RATE], price:MODEL@AT:FACTOR or appear:MODEL@AT"
    if kind not in get_args(Kind) or len(amounts) > (kind != "appear"):
        raise ConfigError(f"drift: must be {form}, got {text!r}")
    if model not in table.models:
        raise ConfigError(f"drift: model must be one of {', '.join(table.models)}, got {model!r}")
    try:
        at = float(at_text)
        amount = float(amounts[0]) if amounts else _AMOUNT[kind]
    except ValueError:
        raise ConfigError(f"drift: must be {form}, got {text!r}") from None
    if not 0.0 <= at <= 1.0:
        raise ConfigError(f"drift: AT must be in [0, 1], got {at}")
    if kind == "degrade" and not (amount is not None and 0.0 <= amount <= 1.0):
        raise ConfigError(f"drift: RATE must be in [0, 1], got {amount}")
    if kind == "price" and not (amount is not None and 0.0 <= amount <= 1e6):
        raise ConfigError(f"drift: FACTOR must be in [0, 1e6], got {amount}")
    index = table.models.index(model)
    if kind == "appear" and np.isnan(np.delete(table.scores, index, axis=1)).all(axis=1).any():
        raise ConfigError(f"drift: some rows have a score of {model} alone, which appears late")
    return Drift(cast("Kind", kind), index, at, amount or 0.0)

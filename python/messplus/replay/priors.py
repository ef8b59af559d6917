"""What routers of a replay are told before the first request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from messplus.exceptions import ConfigError
from messplus.models import Model
from messplus.prices import TokenPrice

from .baselines import draw_models
from .draws import Use, generator
from .tables import Table

#: ``mean``: each model's mean cost in the table; ``none``: unknown; or prices per token by model.
Prices = Literal["mean", "none"] | Mapping[str, TokenPrice]
#: ``none``: unknown; ``auto``: each model's mean score in the table, which is an oracle.
Quality = Literal["none", "auto"]

_CERTAIN = 1e-3  # a quality is in (0, 1), and a mean score may be at the end of it


@dataclass(frozen=True)
class Priors:
    """What is known at the start.

    Parameters
    ----------
    prices
        Listed costs.
    quality
        Expected satisfaction.
    warm_start
        Rows drawn from the table as logged data, each with the outcome of one model drawn among the
        usable ones; they are not replayed.
    """

    prices: Prices = "mean"
    quality: Quality = "none"
    warm_start: int = 0

    def models(self, table: Table) -> list[Model]:
        """Return the zoo of a table as the router is told of it.

        Parameters
        ----------
        table
            Outcomes.

        Returns
        -------
        list of Model
            The zoo, in the order of the table.

        Raises
        ------
        ConfigError
            If prices are given, but not of every model.
        """
        qualities: list[float | None] = [None] * len(table.models)
        if self.quality == "auto":
            qualities = np.clip(table.mean_score, _CERTAIN, 1.0 - _CERTAIN).tolist()
        costs: list[float | TokenPrice] = [0.0] * len(table.models)
        if self.prices == "mean":
            costs = np.nan_to_num(table.mean_cost).tolist()
        elif not isinstance(self.prices, str):
            missing = [name for name in table.models if name not in self.prices]
            if missing:
                raise ConfigError(f"prices: must have every model of the table, not {missing[0]!r}")
            costs = [self.prices[name] for name in table.models]
        return [
            Model(name, cost, quality)
            for name, cost, quality in zip(table.models, costs, qualities, strict=True)
        ]

    def logged_data(self, table: Table, seed: int) -> "LoggedRows":
        """Draw the logged data.

        Parameters
        ----------
        table
            Outcomes.
        seed
            Seed of the draws.

        Returns
        -------
        LoggedRows
            The rows, and whose outcome is known of each.

        Raises
        ------
        ConfigError
            If it would leave no row to replay.
        """
        if not 0 <= self.warm_start < len(table):
            raise ConfigError(
                f"warm_start: must be in [0, {len(table) - 1}], got {self.warm_start}"
            )
        if self.warm_start == 0:
            return LoggedRows()
        drawn = generator(seed, Use.LOGGED_ROWS).permutation(len(table))[: self.warm_start]
        rows = drawn.astype(np.uint32)
        uniform = np.full(len(table.models), 1.0 / len(table.models))
        models = draw_models(uniform, table, rows, generator(seed, Use.LOGGED_MODELS))
        return LoggedRows(rows, models.astype(np.uint32))


def _none() -> npt.NDArray[np.uint32]:
    return np.empty(0, np.uint32)


@dataclass(frozen=True)
class LoggedRows:
    """Rows learned before the stream begins.

    Attributes
    ----------
    rows
        Rows of the table, ``uint32 [n]``.
    models
        The model whose outcome is known, ``uint32 [n]``.
    """

    rows: npt.NDArray[np.uint32] = field(default_factory=_none)
    models: npt.NDArray[np.uint32] = field(default_factory=_none)

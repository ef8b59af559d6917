"""One model of the zoo."""

from __future__ import annotations

from collections.abc import Set as AbstractSet  # noqa: TC003 - pydantic reads it
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .agreement import STRICT
from .prices import TokenPrice

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Model:
    """One model of the zoo.

    Parameters
    ----------
    name
        Name, unique in the zoo; decisions name models by it.
    cost
        Expected cost of one request before any cost was reported: a number, 0 or in
        ``[1e-18, 1e18]``, or a :class:`TokenPrice`. Any unit (money, joules), the same for the
        whole zoo. To the default policy zero means unknown: the first reported cost tells.
    quality
        Mean satisfaction expected of the model before any rating came, in ``(0, 1)``: a
        benchmark score, say. Used by the default policy.
    max_input_tokens
        Tokens of the longest prompt it takes, in ``[1, 2**32)``: requests with longer ones go
        elsewhere. By default none is too long.
    supports
        What it supports beside text, at most 64 names: ``{"vision", "tools"}``. A request goes to
        it only if all that it ``requires`` is among them. By default nothing is known, and the
        model is taken to support anything; an empty set stands for text alone.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    name: str
    cost: float | TokenPrice
    quality: float | None = None
    max_input_tokens: int | None = None
    supports: AbstractSet[str] | None = None

    def __post_init__(self) -> None:
        # Whatever else was given is refused with the other settings.
        if isinstance(self.supports, (set, list, tuple)):
            object.__setattr__(self, "supports", frozenset(self.supports))

    @classmethod
    def from_price_map(
        cls,
        prices: Mapping[str, Any],
        name: str,
        output_tokens: float,
        *,
        input_tokens: float = 500.0,
        quality: float | None = None,
    ) -> Model:
        """Take the price from a map in the form that LiteLLM publishes.

        Parameters
        ----------
        prices
            The map; see :meth:`TokenPrice.from_map`.
        name
            The model, as the map and the zoo spell it.
        output_tokens, input_tokens
            As for :class:`TokenPrice`.
        quality
            As for the class.

        Returns
        -------
        Model
            The model with this price.

        Raises
        ------
        ConfigError
            If the map has no such model, or no price that is a number ``>= 0``.

        Examples
        --------
        >>> prices = {"nano": {"input_cost_per_token": 1e-07, "output_cost_per_token": 4e-07}}
        >>> Model.from_price_map(prices, "nano", output_tokens=300).cost.cost(input_tokens=800)
        0.0002
        """
        return cls(name, TokenPrice.from_map(prices, name, output_tokens, input_tokens), quality)

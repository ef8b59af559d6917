"""What models cost by their price lists."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from .exceptions import ConfigError

_PER_MILLION = 1e6
_CACHED = "cache_read_input_token_cost"
_KEYS = ("input_cost_per_token", "output_cost_per_token")


@dataclass(frozen=True)
class TokenPrice:
    """Price of a request by its tokens.

    The default policy starts from the listed price of each request and learns by what factor
    reported costs differ; :meth:`Policy.paper`, which knows one mean cost per model, starts from
    that of a request of ``input_tokens``.

    Parameters
    ----------
    input, output
        Price of a million tokens of the prompt and of the answer, as providers list them: 0 or
        in ``[1e-12, 1e12]``.
    output_tokens
        Expected tokens of an answer, in ``[1, 1e9]``.
    input_tokens
        Tokens of a prompt where a request does not tell, in ``[1, 1e9]``.
    cached_input
        Price of a million tokens of the prompt that the provider reads from its cache, at most
        that of others, which it is where nothing is said.

    Examples
    --------
    >>> TokenPrice(input=0.15, output=0.60, output_tokens=300).cost(input_tokens=1000)
    0.00033
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "strict": True, "allow_inf_nan": False}

    input: float
    output: float
    output_tokens: float
    input_tokens: float = 500.0
    cached_input: float | None = None

    def cost(
        self,
        input_tokens: float | None = None,
        output_tokens: float | None = None,
        cached_tokens: float = 0.0,
    ) -> float:
        """Price of one request.

        Parameters
        ----------
        input_tokens, output_tokens
            Tokens of the prompt and of the answer, ``>= 0``; the expected numbers by default.
        cached_tokens
            Those of the prompt that the provider reads from its cache.

        Returns
        -------
        float
            The price, in the unit of the list.
        """
        read = self.input_tokens if input_tokens is None else input_tokens
        written = self.output_tokens if output_tokens is None else output_tokens
        saved = 0.0
        if self.cached_input is not None:
            saved = (self.input - self.cached_input) * min(cached_tokens, read)
        return (self.input * read - saved + self.output * written) / _PER_MILLION

    @classmethod
    def from_map(
        cls, prices: Mapping[str, Any], name: str, output_tokens: float, input_tokens: float = 500.0
    ) -> TokenPrice:
        """Read the price of a model from a map in the form that LiteLLM publishes.

        Parameters
        ----------
        prices
            Maps names of models to ``{"input_cost_per_token": ..., "output_cost_per_token": ...}``,
            perhaps with ``cache_read_input_token_cost``; other keys, surcharges for long prompts
            among them, are left out.
        name
            The model, as the map spells it.
        output_tokens, input_tokens
            As for the class.

        Returns
        -------
        TokenPrice
            The price per million tokens.

        Raises
        ------
        ConfigError
            If the map has no such model, or no price that is a number ``>= 0``.
        """
        try:
            entry = prices[name]
        except KeyError:
            close = difflib.get_close_matches(name, prices, n=3)
            hint = f"; close to {', '.join(map(repr, close))}" if close else ""
            raise ConfigError(f"prices: must have the model, got {name!r}{hint}") from None
        price, answer_price = (_per_million(entry, name, key) for key in _KEYS)
        cached = None
        if entry.get(_CACHED) is not None:
            cached = min(_per_million(entry, name, _CACHED), price)
        return cls(price, answer_price, output_tokens, input_tokens, cached)


def _per_million(entry: object, name: str, key: str) -> float:
    value: Any = entry.get(key) if isinstance(entry, Mapping) else None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0.0 <= value < math.inf:
        raise ConfigError(f"prices[{name!r}].{key}: must be a number >= 0, got {value!r}")
    # In decimals, so that 1e-07 per token is 0.1 per million, as in the list it came from.
    return float(Decimal(str(value)).scaleb(6))


def read_prices(path: str | Path) -> dict[str, TokenPrice]:
    """Read ``{"<model>": {"input": ..., "output": ..., "output_tokens": ...}}`` from a JSON file.

    Raises
    ------
    ConfigError
        If the file is something else.
    OSError
        If it cannot be read.
    """
    try:
        content: Any = json.loads(Path(path).read_bytes())
        return {name: TokenPrice(**price) for name, price in content.items()}
    except (ValueError, TypeError, AttributeError) as error:
        rule = "must be JSON of the parameters of a TokenPrice per model"
        raise ConfigError(f"{path}: {rule}, got {error}") from None

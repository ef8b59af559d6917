"""Licence expressions of SPDX: whether an expression can be met by licences of a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def is_met(expression: str, allowed: Collection[str]) -> bool:
    """Whether some alternative of an expression is made of allowed licences.

    Parameters
    ----------
    expression
        Such as ``(MIT OR Apache-2.0) AND Unicode-3.0``. An exception (``WITH``) only adds to what
        its licence permits.
    allowed
        Identifiers.
    """
    tokens = re.findall(r"[()]|[\w.+-]+", re.sub(r"\s+WITH\s+\S+", "", expression))
    met = _any(tokens, allowed)
    return met and not tokens


def _any(tokens: list[str], allowed: Collection[str]) -> bool:
    met = _all(tokens, allowed)
    while tokens[:1] == ["OR"]:
        del tokens[0]
        met = _all(tokens, allowed) or met
    return met


def _all(tokens: list[str], allowed: Collection[str]) -> bool:
    met = _one(tokens, allowed)
    while tokens[:1] == ["AND"]:
        del tokens[0]
        met = _one(tokens, allowed) and met
    return met


def _one(tokens: list[str], allowed: Collection[str]) -> bool:
    if not tokens:
        return False
    first = tokens.pop(0)
    if first != "(":
        return first in allowed
    met = _any(tokens, allowed)
    closed = tokens[:1] == [")"]
    del tokens[:1]
    return met and closed

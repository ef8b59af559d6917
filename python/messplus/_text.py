"""Text from elsewhere, where people and programs read it."""

from __future__ import annotations

import json
import math
from typing import Any


def printable(text: str, keep: str = "") -> str:
    r"""Spell out what would move a cursor, turn text around or break a line.

    Parameters
    ----------
    text
        Any text; lone surrogates are spelled out too.
    keep
        Characters that stay as they are, such as line breaks.

    Examples
    --------
    >>> print(printable("a\x1b[31mb\n"))
    a\x1b[31mb\n
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def strict_json(value: object, **options: Any) -> str:  # noqa: ANN401
    """Write JSON that every reader takes: numbers that are not finite become null.

    Parameters
    ----------
    value
        What ``json`` can write.
    options
        As for ``json.dumps``.
    """
    try:
        return json.dumps(value, allow_nan=False, **options)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, **options)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value

"""The colours of every plot: a policy has the same one wherever it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Distinguishable with red-green colour blindness, and in order of contrast.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#4d4d4d")
GREY = "#8a8a8a"

_POLICIES = dict(
    zip(
        ("default", "paper", "epsilon-greedy", "static-mix", "random", "blind:default"),
        COLOURS,
        strict=False,
    )
)

#: Lines of reports: the router, what was agreed, what is certain, and what others would have cost.
ROUTER, AGREED, CERTAIN = _POLICIES["default"], GREY, COLOURS[2]
MIXTURE, MOST_EXPENSIVE = _POLICIES["static-mix"], GREY


def of_policies(names: Iterable[str]) -> dict[str, str]:
    """Give each policy of a plot its colour.

    Parameters
    ----------
    names
        Policies as :mod:`messplus.policy_names` and replays name them, ``default`` or
        ``paper,v=10``. The first of a kind has the colour of that kind; others, and kinds without
        one, take those that are left, in order.
    """
    distinct = list(dict.fromkeys(names))
    given: dict[str, str] = {}
    for name in distinct:
        colour = _POLICIES.get(name.partition(",")[0])
        if colour is not None and colour not in given.values():
            given[name] = colour
    left = [colour for colour in COLOURS if colour not in given.values()] or list(COLOURS)
    others = [name for name in distinct if name not in given]
    return given | {name: left[place % len(left)] for place, name in enumerate(others)}

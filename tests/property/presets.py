"""The policies that the laws are tested for."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from messplus import Policy


@dataclass(frozen=True)
class Preset:
    """A family of policies.

    Attributes
    ----------
    name
        Name shown by failing tests.
    policies
        Draws one.
    credit
        How far below zero its queue may go: satisfaction delivered in advance that it counts.
    """

    name: str
    policies: st.SearchStrategy[Policy]
    credit: float = 0.0

    def __str__(self) -> str:
        return self.name


def paper(v: st.SearchStrategy[float], c: st.SearchStrategy[float]) -> st.SearchStrategy[Policy]:
    return st.builds(Policy.paper, v=v, c=c, lr=st.floats(0.01, 1), momentum=st.floats(0, 0.9))


PAPER = Preset("paper", paper(v=st.floats(0, 2), c=st.floats(0, 2)))
DEFAULT = Preset(
    "default",
    st.builds(
        Policy.default,
        exploration=st.floats(0, 2),
        credit=st.just(3.0),
        forgetting=st.floats(0.95, 1),
    ),
    credit=3.0,
)
EPSILON_GREEDY = Preset(
    "epsilon-greedy",
    st.builds(Policy.epsilon_greedy, epsilon=st.floats(0, 1), credit=st.just(3.0)),
    credit=3.0,
)
PRESETS = [PAPER, DEFAULT, EPSILON_GREEDY]

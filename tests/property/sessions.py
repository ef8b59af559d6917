"""Random sessions: requests, and feedback that is sparse, late, repeated and out of order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from messplus import MessPlusError, Model, Policy, Router
from tests.zoo import N_FEATURES, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from messplus import Decision

TARGET = 0.7
NAMES = ("a", "b", "c", "d")
# Less than the age of the oldest feedback in a session: some comes for what has been evicted.
CAPACITY = 8


@dataclass(frozen=True)
class Select:
    """A request with a prompt or with ready features."""

    prompt: str | tuple[float, ...]
    tag: str | None
    costs: dict[str, float]
    allowed: frozenset[str]

    def arguments(self, zoo: Sequence[str]) -> dict[str, Any]:
        """Keyword arguments of ``select``, reduced to the models of a zoo."""
        request: dict[str, Any] = {"costs": {n: c for n, c in self.costs.items() if n in zoo}}
        if isinstance(self.prompt, str):
            request["prompt"] = self.prompt
        else:
            request["features"] = np.array(self.prompt, np.float32)
        if self.tag is not None:
            request["tags"] = {"task": self.tag}
        if self.allowed & set(zoo):
            request["allowed"] = self.allowed & set(zoo)
        return request


@dataclass(frozen=True)
class Feedback:
    """What became of the decision made ``age`` decisions ago, on its own model or another."""

    age: int
    model: str | None
    satisfied: bool | float | None
    cost: float | None


ratings = st.one_of(st.booleans(), st.sampled_from([0.0, TARGET, 1.0]), st.floats(0, 1))
# Nothing, or within what a router takes, scaled by a hundred either way.
costs = st.just(0.0) | st.floats(1e-9, 20)
requests = st.builds(
    Select,
    prompt=st.text(max_size=8) | st.tuples(*[st.floats(-2, 2, width=32)] * N_FEATURES),
    tag=st.sampled_from([None, "qa", "chat"]),
    costs=st.dictionaries(st.sampled_from(NAMES), costs, max_size=2),
    allowed=st.just(frozenset[str]()) | st.frozensets(st.sampled_from(NAMES)),
)
feedback = st.builds(
    Feedback,
    age=st.integers(0, CAPACITY + 2),
    model=st.none() | st.sampled_from(NAMES),
    satisfied=ratings | st.none(),
    cost=st.none() | costs,
)
# Left to itself Hypothesis draws lists of five or six steps, in which hardly anything is rated.
sessions = st.lists(requests | feedback, min_size=30, max_size=80)
zoos = st.lists(st.floats(0.1, 10), min_size=1, max_size=4).map(
    lambda costs: [Model(name, cost) for name, cost in zip(NAMES, costs, strict=False)]
)
seeds = st.integers(0, 2**64 - 1)


class Session:
    """A router driven through steps, and what the world saw of it.

    The ratings that users gave are kept apart from the router's own account: the law is about them.
    """

    def __init__(self, models: Sequence[Model], policy: Policy, seed: int = 0) -> None:
        self.zoo = [model.name for model in models]
        self.router = make_router(
            policy,
            models=models,
            target=TARGET,
            seed=seed,
            tag_features=4,
            pending_capacity=CAPACITY,
        )
        self.decisions: list[Decision] = []
        self.ratings: dict[str, float] = {}

    def run(self, steps: Iterable[Select | Feedback]) -> Session:
        for step in steps:
            self.take(step)
        return self

    def take(self, step: Select | Feedback) -> None:
        if isinstance(step, Select):
            self.decisions.append(self.router.select(**step.arguments(self.zoo)))
        elif step.age < len(self.decisions):
            self.rate(self.decisions[-1 - step.age], step)

    def rate(self, decision: Decision, step: Feedback) -> None:
        """Give feedback; what is refused must change nothing."""
        model = step.model if step.model in self.zoo else decision.model
        before = self.router.to_bytes()
        try:
            self.router.feedback(
                decision,
                satisfied=None if step.satisfied is None else {model: step.satisfied},
                cost=None if step.cost is None else {model: step.cost},
            )
        except MessPlusError:
            assert self.router.to_bytes() == before
        else:
            if step.satisfied is not None and model not in decision.also_query:
                self.ratings.setdefault(decision.id, float(step.satisfied))

    def save_and_load(self) -> None:
        state = self.router.to_bytes()
        self.router = Router.from_bytes(state, featurizer=StubFeaturizer())
        assert self.router.to_bytes() == state

    def trace(self) -> list[tuple[object, ...]]:
        """Everything about the decisions but their random ids."""
        return [
            (d.step, d.model, d.reason, d.ranking, d.also_query, d.score, d.p_satisfied)
            for d in self.decisions
        ]

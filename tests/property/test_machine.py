"""Selecting, rating, saving and loading in any order, against a ledger kept by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from messplus import Decision, FeedbackError, Model, Policy, Router
from tests.property.presets import DEFAULT, PAPER, Preset
from tests.property.sessions import TARGET, costs, ratings, seeds, zoos
from tests.zoo import StubFeaturizer, make_router

CAPACITY = 4


@dataclass
class Entry:
    """What a decision must be known by, until it is evicted."""

    decision: Decision
    rated: set[str] = field(default_factory=set)
    costed: set[str] = field(default_factory=set)
    accounted: bool = False


class Routing(RuleBasedStateMachine):
    """Keeps the ratings and the last decisions; the router must agree at every step."""

    preset: Preset = PAPER

    @initialize(data=st.data(), models=zoos, seed=seeds)
    def make(self, data: st.DataObject, models: list[Model], seed: int) -> None:
        policy: Policy = data.draw(self.preset.policies)
        self.zoo = [model.name for model in models]
        self.router = make_router(
            policy, models=models, target=TARGET, seed=seed, pending_capacity=CAPACITY
        )
        self.made: list[Entry] = []
        self.ratings: list[float] = []
        self.evicted = 0

    @property
    def held(self) -> list[Entry]:
        return self.made[-CAPACITY:]

    @rule(prompt=st.text(max_size=5))
    def select(self, prompt: str) -> None:
        if len(self.made) >= CAPACITY:
            self.evicted += not self.held[0].accounted
        self.made.append(Entry(self.router.select(prompt)))

    @precondition(lambda self: self.made)
    @rule(
        data=st.data(), satisfied=st.none() | ratings, cost=st.none() | costs, by_id=st.booleans()
    )
    def feed_back(
        self, data: st.DataObject, satisfied: float | None, cost: float | None, by_id: bool
    ) -> None:
        entry = data.draw(st.sampled_from(self.made[-CAPACITY - 2 :]))
        model = data.draw(st.sampled_from(self.zoo))
        if satisfied is None and cost is None:
            satisfied = 0.5
        known = entry in self.held
        again = (satisfied is not None and model in entry.rated) or (
            cost is not None and model in entry.costed
        )
        arguments: Any = {
            "satisfied": None if satisfied is None else {model: satisfied},
            "cost": None if cost is None else {model: cost},
        }
        decision = entry.decision.id if by_id else entry.decision
        before = self.router.to_bytes()
        if not known or again:
            with pytest.raises(FeedbackError):
                self.router.feedback(decision, **arguments)
            assert self.router.to_bytes() == before
            return
        self.router.feedback(decision, **arguments)
        assert self.router.to_bytes() != before
        if cost is not None:
            entry.costed.add(model)
        if satisfied is not None:
            entry.rated.add(model)
            if model not in entry.decision.also_query and not entry.accounted:
                entry.accounted = True
                self.ratings.append(float(satisfied))

    @rule()
    def save_and_load(self) -> None:
        state = self.router.to_bytes()
        self.router = Router.from_bytes(state, featurizer=StubFeaturizer())
        assert self.router.to_bytes() == state

    @invariant()
    def accounts_agree(self) -> None:
        if not hasattr(self, "router"):
            return
        report = self.router.report()
        assert report.decisions == len(self.made)
        assert report.rated == len(self.ratings)
        assert report.pending == sum(not entry.accounted for entry in self.held)
        assert report.evicted == self.evicted
        for name in self.zoo:
            model = report.models[name]
            assert model.rated == sum(name in entry.rated for entry in self.made)
            assert model.costed == sum(name in entry.costed for entry in self.made)
            assert model.selected == sum(entry.decision.model == name for entry in self.made)

    @invariant()
    def shortfall_is_bounded(self) -> None:
        if not hasattr(self, "router"):
            return
        backlog = self.router.report().backlog
        assert backlog >= -self.preset.credit
        assert backlog >= TARGET * len(self.ratings) - sum(self.ratings) - 1e-9


class DefaultRouting(Routing):
    """The same, with a queue that counts what was delivered in advance."""

    preset = DEFAULT


TestPaper = Routing.TestCase
TestDefault = DefaultRouting.TestCase

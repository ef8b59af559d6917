"""The life of a router in a folder, any public call in any order, against books kept by hand.

Virtual queues are followed to the bit: levels, limits, credit, ratings that never come. However the
router comes back, from bytes, a closed folder or that of a killed process, it is the same to the
bit.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from messplus import (
    SLA,
    ConfigError,
    Decision,
    FeedbackError,
    InputError,
    Limit,
    Model,
    Policy,
    Router,
    Shadow,
)
from tests.property.sessions import costs, ratings
from tests.zoo import N_FEATURES, StubFeaturizer

CAPACITY, AGE = 6, 60
TARGETS = {"gold": 0.8, "free": 0.4}
CREDIT = {"default": 2.0, "paper": 0.0}
COST_LIMIT = 3.0
SHM = Path("/dev/shm")


@dataclass
class Entry:
    """What is known of one decision."""

    decision: Decision
    level: str
    at: int
    shadow: bool
    rated: set[str] = field(default_factory=set)
    costed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    accounted: bool = False


class Life(RuleBasedStateMachine):
    """Service levels, a limit or shadow mode, conversations, failures, time, a zoo that changes."""

    preset: Literal["default", "paper"] = "default"
    watches = False

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: nothing here is about disks.
        self.home = Path(tempfile.mkdtemp(dir=SHM if SHM.is_dir() else None))
        self.folder = self.home / "state"

    @initialize(
        missing=st.sampled_from(["ignore", "predicted", "unsatisfied"]),
        seed=st.integers(0, 9),
        switching=st.sampled_from([0.0, 0.5]),
    )
    def open(self, missing: Any, seed: int, switching: float) -> None:
        policy = (
            Policy.default(exploration=1.0, credit=CREDIT["default"])
            if self.preset == "default"
            else Policy.paper(v=0.5, lr=0.1, c=1.0)
        )
        self.missing = missing
        self.limited = self.preset == "default" and not self.watches
        self.shadow = Shadow("b", explore=0.4) if self.watches else None
        self.router = Router.open(
            self.folder,
            [Model("a", 1.0), Model("b", 2.0), Model("c", 5.0)],
            policy=policy,
            featurizer=StubFeaturizer(),
            shadow=self.shadow,
            durability="none",
            slas={name: SLA(target) for name, target in TARGETS.items()},
            limits=[Limit("cost", COST_LIMIT)] if self.limited else [],
            switching_cost=switching,
            seed=seed,
            tag_features=4,
            pending_capacity=CAPACITY,
            pending_age=AGE,
            missing=missing,
            cooldown=5,
        )
        # Ahead of the real clock, which then never moves the router's.
        self.now = 100_000
        self.router._core.advance(self.now)
        self.zoo = ["a", "b", "c"]
        self.known = ["a", "b", "c"]
        self.made: list[Entry] = []
        self.held: list[Entry] = []
        self.queues = dict.fromkeys(TARGETS, 0.0)
        self.rated: dict[str, list[float]] = {name: [] for name in TARGETS}
        self.imputed: dict[str, list[float]] = {name: [] for name in TARGETS}
        self.spending = 0.0
        self.evicted = 0

    def teardown(self) -> None:
        if hasattr(self, "router"):
            self.router.close()
        shutil.rmtree(self.home)

    # What the books say.

    def account(self, entry: Entry, satisfaction: float, known: bool) -> None:
        entry.accounted = True
        credit = CREDIT[self.preset]
        owed = self.queues[entry.level] + TARGETS[entry.level] - satisfaction
        self.queues[entry.level] = max(-credit, owed)
        (self.rated if known else self.imputed)[entry.level].append(satisfaction)

    def forget_oldest(self) -> None:
        entry = self.held.pop(0)
        if entry.accounted:
            return
        self.evicted += 1
        decision = entry.decision
        if self.missing == "predicted":
            self.account(
                entry, decision.p_satisfied[decision.shadow_choice or decision.model], known=False
            )
        elif self.missing == "unsatisfied":
            self.account(entry, 0.0, known=False)

    def add(self, decision: Decision, level: str) -> None:
        assert decision.model in self.zoo
        assert (decision.shadow_choice is None) == (self.shadow is None)
        if len(self.held) == CAPACITY:
            self.forget_oldest()
        entry = Entry(decision, level, self.now, self.shadow is not None)
        self.made.append(entry)
        self.held.append(entry)

    # What may happen.

    @rule(
        data=st.data(),
        prompt=st.text(max_size=4) | st.tuples(*[st.floats(-1, 1, width=32)] * N_FEATURES),
        level=st.sampled_from(sorted(TARGETS)),
        session=st.none() | st.sampled_from(["s", "t"]),
        waits=st.booleans(),
    )
    def select(
        self, data: st.DataObject, prompt: Any, level: str, session: str | None, waits: bool
    ) -> None:
        request: dict[str, Any] = {"sla": level, "session": session}
        if isinstance(prompt, str):
            request["prompt"] = prompt
        else:
            request["features"] = np.array(prompt, np.float32)
        models = st.sampled_from(self.zoo)
        if allowed := data.draw(st.just(set[str]()) | st.sets(models, min_size=1)):
            request["allowed"] = allowed
        request["costs"] = data.draw(st.dictionaries(models, costs, max_size=1))
        if waits:
            decision = asyncio.run(self.router.aselect(**request))
        else:
            decision = self.router.select(**request)
        assert not allowed or decision.model in allowed
        assert set(decision.ranking) == (allowed or set(self.zoo))
        self.add(decision, level)

    @rule(prompts=st.lists(st.text(max_size=3), max_size=3), level=st.sampled_from(sorted(TARGETS)))
    def select_many(self, prompts: list[str], level: str) -> None:
        for decision in self.router.select_many(prompts, sla=level):
            self.add(decision, level)

    @precondition(lambda self: self.made)
    @rule(
        data=st.data(), satisfied=st.none() | ratings, cost=st.none() | costs, by_id=st.booleans()
    )
    def feed_back(
        self, data: st.DataObject, satisfied: float | None, cost: float | None, by_id: bool
    ) -> None:
        entry = data.draw(st.sampled_from(self.made[-CAPACITY - 2 :]))
        # Mostly the model that served; else any that was ever in the zoo.
        served = data.draw(st.sampled_from([True, True, True, False]))
        model = entry.decision.model if served else data.draw(st.sampled_from(self.known))
        if satisfied is None and cost is None:
            satisfied = 1.0
        known = any(entry is held for held in self.held)
        again = (satisfied is not None and model in entry.rated) or (
            cost is not None and model in entry.costed
        )
        handle = entry.decision.id if by_id else entry.decision
        parts: dict[str, Any] = {
            "satisfied": None if satisfied is None else {model: satisfied},
            "cost": None if cost is None else {model: cost},
        }
        if not known or again:
            self.refused(FeedbackError, lambda: self.router.feedback(handle, **parts))
            return
        self.router.feedback(handle, **parts)
        if cost is not None:
            entry.costed.add(model)
            self.spending = max(-CREDIT[self.preset], self.spending + cost / COST_LIMIT - 1.0)
        if satisfied is not None:
            entry.rated.add(model)
            if not entry.accounted and model not in entry.decision.also_query:
                self.account_rating(entry, model, float(satisfied))

    def account_rating(self, entry: Entry, model: str, satisfaction: float) -> None:
        shadow_choice, served = entry.decision.shadow_choice, entry.decision.model
        if not entry.shadow or shadow_choice is None:
            self.account(entry, satisfaction, known=True)
        elif model == served == shadow_choice:
            self.account(entry, satisfaction, known=False)
        else:
            self.account(entry, entry.decision.p_satisfied[shadow_choice], known=False)

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.made[-CAPACITY - 2 :]))
        model = data.draw(st.sampled_from(self.known))
        if not any(entry is held for held in self.held) or model in entry.failed:
            self.refused(FeedbackError, lambda: self.router.failed(entry.decision, model))
            return
        entry.failed.add(model)
        following = [name for name in entry.decision.ranking if name not in entry.failed]
        expected = following[0] if following else None
        assert self.router.failed(entry.decision, model) == expected

    @rule(seconds=st.sampled_from([1, 10, AGE, 10 * AGE]))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.router._core.advance(self.now)
        while self.held and self.now - self.held[0].at > AGE:
            self.forget_oldest()

    @precondition(lambda self: len(self.known) < 6)
    @rule(cost=st.floats(0.1, 9.0), quality=st.none() | st.floats(0.1, 0.9))
    def add_model(self, cost: float, quality: float | None) -> None:
        name = "abcdef"[len(self.known)]
        self.router.add_model(Model(name, cost, quality))
        self.zoo.append(name)
        self.known.append(name)

    @rule(data=st.data())
    def remove_model(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.known))
        if name not in self.zoo or len(self.zoo) == 1:
            self.refused(InputError, lambda: self.router.remove_model(name))
            return
        self.router.remove_model(name)
        self.zoo.remove(name)

    @rule(data=st.data(), cost=st.floats(0.1, 9.0))
    def reprice(self, data: st.DataObject, cost: float) -> None:
        name = data.draw(st.sampled_from(self.zoo))
        self.router.reprice(name, cost)
        assert {model.name: model.cost for model in self.router.models}[name] == cost

    @rule(satisfied=st.booleans(), cost=costs)
    def warm_start(self, satisfied: bool, cost: float) -> None:
        row = {"prompt": "old", "model": "a", "satisfied": satisfied, "cost": cost}
        assert self.router.warm_start([row]) == 1

    @rule()
    def checkpoint(self) -> None:
        self.router.checkpoint()

    @rule()
    def come_back(self) -> None:
        """Close the folder and open it: as before, and, where it watched, watching or live."""
        state = self.router.to_bytes()
        self.router.close()
        self.shadow = Shadow("b", explore=0.4) if self.watches and self.shadow is None else None
        self.open_again()
        assert self.router.to_bytes() == state

    def open_again(self) -> None:
        if "b" not in self.zoo:
            self.shadow = None
        self.router = Router.open(
            self.folder, featurizer=StubFeaturizer(), shadow=self.shadow, durability="none"
        )

    @rule()
    def be_killed(self) -> None:
        """Go on with what a killed process would leave: a copy of the folder as it is."""
        state = self.router.to_bytes()
        copy = self.home / "copy"
        shutil.copytree(self.folder, copy)
        (copy / "lock").unlink(missing_ok=True)
        self.router.close()
        shutil.rmtree(self.folder)
        copy.rename(self.folder)
        self.open_again()
        assert self.router.recovery is not None
        assert self.router.recovery.notes == ()
        assert self.router.to_bytes() == state

    @rule()
    def save_and_load(self) -> None:
        state = self.router.to_bytes()
        assert Router.from_bytes(state, featurizer=StubFeaturizer()).to_bytes() == state

    @rule(
        wrong=st.sampled_from(
            [
                (InputError, "select", {"prompt": "x", "sla": "none"}),
                (InputError, "select", {"prompt": "x", "sla": "gold", "allowed": []}),
                (InputError, "select", {"prompt": "x", "sla": "gold", "costs": {"a": -1.0}}),
                (InputError, "select", {"features": [0.0], "sla": "gold"}),
                (FeedbackError, "feedback", {"decision": "0" * 32, "satisfied": True}),
                (InputError, "remove_model", {"name": "none"}),
                (ConfigError, "add_model", {"model": Model("a", -1.0)}),
                (InputError, "reprice", {"name": "none", "cost": 1.0}),
                (InputError, "warm_start", {"data": [{"prompt": "x", "model": "none"}]}),
            ]
        )
    )
    def call_wrongly(self, wrong: tuple[type[Exception], str, dict[str, Any]]) -> None:
        error, name, arguments = wrong
        self.refused(error, lambda: getattr(self.router, name)(**arguments))

    def refused(self, error: type[Exception], call: Any) -> None:
        before = self.router.to_bytes()
        with pytest.raises(error):
            call()
        assert self.router.to_bytes() == before

    # What always holds.

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "router"):
            return
        report = self.router.report()
        assert report.decisions == len(self.made)
        assert report.pending == sum(not entry.accounted for entry in self.held)
        assert report.evicted == self.evicted
        assert report.rated == sum(map(len, self.rated.values()))
        for name, model in report.models.items():
            assert model.selected == sum(entry.decision.model == name for entry in self.made)
            assert model.rated == sum(name in entry.rated for entry in self.made)
            assert model.costed == sum(name in entry.costed for entry in self.made)
            assert model.failed == sum(name in entry.failed for entry in self.made)
        assert [model.name for model in self.router.models] == sorted(self.zoo)
        if self.limited:
            assert report.limits["cost"].backlog == pytest.approx(self.spending, abs=1e-9)

    @invariant()
    def shortfall_is_bounded_per_level(self) -> None:
        if not hasattr(self, "router"):
            return
        for name, sla in self.router.report().slas.items():
            rated, imputed = self.rated[name], self.imputed[name]
            assert (sla.rated, sla.imputed) == (len(rated), len(imputed))
            assert sla.backlog == self.queues[name]
            n, total = len(rated) + len(imputed), sum(rated) + sum(imputed)
            assert sla.backlog >= max(-CREDIT[self.preset], TARGETS[name] * n - total - 1e-9)
            if n:
                assert sla.lower_bound is not None
                assert total / n >= sla.lower_bound - 1e-9


class PaperLife(Life):
    """The published policy, which queries several models where it explores."""

    preset = "paper"


class WatchingLife(Life):
    """Shadow mode, and going live."""

    watches = True


FEW = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestDefault = Life.TestCase
TestPaper = PaperLife.TestCase
TestWatching = WatchingLife.TestCase
TestDefault.settings = TestPaper.settings = TestWatching.settings = FEW

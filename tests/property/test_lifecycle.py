"""The life of a router in a folder, any public call in any order, against books kept by hand.

Virtual queues are followed to the bit: levels, limits, credit, sources, audits, revisions, ratings
that never come, agreements that change. However the router comes back, from bytes, a closed folder
or that of a killed process, it is the same to the bit.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from messplus import ConfigError, FeedbackError, InputError, Limit, Model, Shadow
from tests.property.books import MOST_OF_ONE_RATER, Books, Entry, Told
from tests.property.kept import AGE, CAPACITY, CREDIT, MODELS, Kept, agreements, audits, silences
from tests.property.sessions import costs, ratings
from tests.zoo import N_FEATURES

YEARS = 315_360_000
#: Failures of a model before which nothing but a rate limit lets it rest.
HARMLESS = 4


class Life(Kept):
    """Service levels, a limit or shadow mode, conversations, failures, time, a zoo that changes."""

    @initialize(
        slas=agreements,
        audit=audits,
        missing=silences,
        seed=st.integers(0, 9),
        switching=st.sampled_from([0.0, 0.5]),
    )
    def open(self, slas: Any, audit: float, missing: Any, seed: int, switching: float) -> None:
        limit = 3.0 if self.limited else None
        self.make(
            Shadow("b", explore=0.4) if self.watches else None,
            slas=slas,
            audit=audit,
            missing=missing,
            limits=[Limit("cost", limit)] if limit else [],
            switching_cost=switching,
            seed=seed,
        )
        self.books = Books(
            slas,
            credit=CREDIT[self.preset],
            capacity=CAPACITY,
            age=AGE,
            missing=missing,
            audit=audit,
            limit=limit,
        )
        # Ahead of the real clock, which then never moves the router's.
        self.tell_time(10 * YEARS)
        self.zoo = [model.name for model in MODELS]
        self.known = list(self.zoo)
        self.failures: Counter[str] = Counter()
        self.rests_until: dict[str, int] = {}

    def tell_time(self, now: int) -> None:
        self.router._core.advance(now)
        self.books.advance(now)

    def a_decision(self, data: st.DataObject) -> Entry:
        """One of the last made, of which some are forgotten."""
        return data.draw(st.sampled_from(self.books.made[-CAPACITY - 2 :]))

    # Requests.

    @rule(
        data=st.data(),
        prompt=st.text(max_size=4) | st.tuples(*[st.floats(-1, 1, width=32)] * N_FEATURES),
        level=st.sampled_from(["gold", "free"]),
        session=st.none() | st.sampled_from(["s", "t"]),
        waits=st.booleans(),
        named=st.booleans(),
    )
    def select(
        self, data: st.DataObject, prompt: Any, level: str, session: str | None, waits: bool,
        named: bool,
    ) -> None:  # fmt: skip
        request: dict[str, Any] = {"sla": level, "session": session}
        if named:
            request["id"] = self.caller_id(len(self.books.made))
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
        assert decision.model in self.zoo
        assert (decision.shadow_choice is None) == (self.shadow is None)
        awake = [name for name in allowed or self.zoo if not self.may_rest(name)]
        assert not self.rests(decision.model) or not awake
        self.books.decide(decision, level)

    @staticmethod
    def caller_id(number: int) -> str:
        return f"request {number}"

    def rests(self, name: str) -> bool:
        """Whether a rate limit, and nothing else, has it rest."""
        return self.failures[name] <= HARMLESS and self.may_rest(name)

    def may_rest(self, name: str) -> bool:
        return self.failures[name] > HARMLESS or self.rests_until.get(name, 0) > self.books.now

    @rule(
        prompts=st.lists(st.text(max_size=3), max_size=3), level=st.sampled_from(["gold", "free"])
    )
    def select_many(self, prompts: list[str], level: str) -> None:
        for decision in self.router.select_many(prompts, sla=level):
            self.books.decide(decision, level)

    @precondition(lambda self: self.books.made)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        entry = self.a_decision(data)
        if error := self.books.refuses_cancel(entry):
            self.refused(error, lambda: self.router.cancel(entry.decision))
        else:
            self.router.cancel(entry.decision)
            self.books.cancel(entry)

    # What became of them.

    @precondition(lambda self: self.books.made)
    @rule(
        data=st.data(),
        satisfied=st.none() | ratings,
        cost=st.none() | costs,
        source=st.sampled_from([None, None, "judge", "code"]),
        name=st.none() | st.sampled_from("xyz"),
        rater=st.none() | st.just("somebody"),
        replace=st.booleans(),
    )
    def feed_back(
        self,
        data: st.DataObject,
        satisfied: float | None,
        cost: float | None,
        source: str | None,
        name: str | None,
        rater: str | None,
        replace: bool,
    ) -> None:
        entry = self.a_decision(data)
        # Mostly the model that served; else any that was ever in the zoo.
        served = data.draw(st.sampled_from([True, True, True, False]))
        model = entry.decision.model if served else data.draw(st.sampled_from(self.known))
        if satisfied is None and cost is None:
            satisfied = 1.0
        rating = None if satisfied is None else float(satisfied)
        told = Told(model, rating, cost, source or "user", name, rater, replace)
        self.tell(data.draw(st.sampled_from([entry.decision, entry.decision.id])), entry, told)

    def tell(self, handle: Any, entry: Entry, told: Told) -> None:
        def call() -> None:
            self.router.feedback(
                handle,
                satisfied=None if told.satisfied is None else {told.model: told.satisfied},
                cost=None if told.cost is None else {told.model: told.cost},
                source=told.source,
                id=told.name,
                rater=told.rater,
                replace=told.replace,
            )

        if error := self.books.refuses(entry, told):
            self.refused(error, call)
            return
        known = told.name is not None and told.name in entry.names
        before = self.router.to_bytes() if known else b""
        call()
        assert not known or self.router.to_bytes() == before
        self.books.take(entry, told)

    @rule(satisfied=ratings)
    def somebody_rates_all_day(self, satisfied: float) -> None:
        for _ in range(MOST_OF_ONE_RATER // 2):
            self.books.decide(decision := self.router.select("x", sla="gold"), "gold")
            told = Told(decision.model, float(satisfied), rater="somebody")
            self.tell(decision, self.books.made[-1], told)

    @precondition(lambda self: self.books.made)
    @rule(
        data=st.data(),
        kind=st.sampled_from(["rate_limit", "timeout", "error", "context_window"]),
        retry_after=st.none() | st.sampled_from([3, 1000]),
    )
    def fail(self, data: st.DataObject, kind: Any, retry_after: int | None) -> None:
        entry = self.a_decision(data)
        model = data.draw(st.sampled_from(self.known))

        def call() -> str | None:
            return self.router.failed(entry.decision, model, kind, retry_after)

        if not self.books.holds(entry) or model in entry.failed:
            self.refused(FeedbackError, call)
            return
        entry.failed.add(model)
        self.books.count(model, "failed")
        following = [name for name in entry.decision.ranking if name not in entry.failed]
        assert call() == (following[0] if following else None)
        if kind == "rate_limit" and retry_after:
            until = self.books.now + retry_after
            self.rests_until[model] = max(self.rests_until.get(model, 0), until)
        elif kind != "context_window":
            self.failures[model] += 1

    @rule(
        data=st.data(),
        level=st.sampled_from(["gold", "free"]),
        satisfied=st.none() | ratings,
        cost=costs,
        count=st.booleans(),
    )
    def observe(
        self,
        data: st.DataObject,
        level: str,
        satisfied: float | None,
        cost: float,
        count: bool,
    ) -> None:
        """A request that was routed elsewhere."""
        model = data.draw(st.sampled_from(self.known))
        outcome: dict[str, Any] = {"satisfied": satisfied, "cost": cost, "sla": level}
        if count and self.books.audit > 0:
            self.refused(InputError, lambda: self.router.observe("x", model, count=True, **outcome))
            return
        self.router.observe("x", model, count=count, **outcome)
        if count:
            rating = None if satisfied is None else float(satisfied)
            self.books.observe(level, model, rating, cost)

    @rule(satisfied=st.booleans(), cost=costs)
    def warm_start(self, satisfied: bool, cost: float) -> None:
        row = {"prompt": "old", "model": "a", "satisfied": satisfied, "cost": cost}
        assert self.router.warm_start([row]) == 1

    # Time, and the zoo.

    @rule(seconds=st.sampled_from([-YEARS, -1, 1, 10, AGE, 10 * AGE, YEARS]))
    def wait(self, seconds: int) -> None:
        """Time passes, or a clock jumps; it never runs backwards."""
        self.tell_time(self.books.now + seconds)

    @precondition(lambda self: len(self.known) < 6)
    @rule(cost=st.floats(0.1, 9.0), quality=st.none() | st.floats(0.1, 0.9))
    def add_model(self, cost: float, quality: float | None) -> None:
        name = "abcdef"[len(self.known)]
        self.router.add_model(Model(name, cost, quality))
        self.zoo.append(name)
        self.known.append(name)
        self.zoo_as_made = False

    @rule(data=st.data())
    def remove_model(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.known))
        if name not in self.zoo or len(self.zoo) == 1:
            self.refused(InputError, lambda: self.router.remove_model(name))
            return
        self.router.remove_model(name)
        self.zoo.remove(name)
        self.zoo_as_made = False

    @rule(data=st.data(), cost=st.floats(0.1, 9.0))
    def reprice(self, data: st.DataObject, cost: float) -> None:
        name = data.draw(st.sampled_from(self.zoo))
        self.router.reprice(name, cost)
        assert {model.name: model.cost for model in self.router.models}[name] == cost
        self.zoo_as_made = False

    # Calls that must change nothing.

    @rule(
        wrong=st.sampled_from(
            [
                (InputError, "select", {"prompt": "x", "sla": "none"}),
                (InputError, "select", {"prompt": "x", "sla": "gold", "allowed": []}),
                (InputError, "select", {"prompt": "x", "sla": "gold", "costs": {"a": -1.0}}),
                (InputError, "select", {"features": [0.0], "sla": "gold"}),
                (InputError, "select", {"prompt": "x", "sla": "gold", "id": ""}),
                (FeedbackError, "feedback", {"decision": "0" * 32, "satisfied": True}),
                (FeedbackError, "cancel", {"decision": "0" * 32}),
                (FeedbackError, "failed", {"decision": "no such request"}),
                (InputError, "observe", {"prompt": "x", "model": "none", "satisfied": True}),
                (InputError, "observe", {"prompt": "x", "model": "a", "cost": -1.0}),
                (ConfigError, "amend", {"audit": 1.5}),
                (ConfigError, "amend", {"missing": "never"}),
                (ConfigError, "amend", {"cooldown": -1}),
                (ConfigError, "amend", {"limits": [Limit("latency", 1.0)]}),
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

    @precondition(lambda self: self.books.made)
    @rule(
        data=st.data(),
        wrong=st.sampled_from(
            [
                ("feedback", {"satisfied": 1.5}),
                ("feedback", {"cost": -1.0}),
                ("feedback", {"satisfied": True, "source": ""}),
                ("feedback", {"satisfied": True, "source": "x" * 65}),
                ("feedback", {}),
                ("failed", {"kind": "boredom"}),
                ("failed", {"retry_after": -1}),
                ("failed", {"model": "none"}),
            ]
        ),
    )
    def tell_wrongly(self, data: st.DataObject, wrong: tuple[str, dict[str, Any]]) -> None:
        entry, (name, arguments) = self.a_decision(data), wrong
        # A decision that is not held may be what is complained of.
        errors = (InputError,) if self.books.holds(entry) else (InputError, FeedbackError)
        self.refused(errors, lambda: getattr(self.router, name)(entry.decision, **arguments))

    @precondition(lambda self: self.books.made)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """An id of a caller names one decision while that is held."""
        number = data.draw(st.integers(max(0, len(self.books.made) - 3), len(self.books.made) - 1))
        entry, id_ = self.books.made[number], self.caller_id(number)
        found = self.router.decision(id_)
        if found is None:
            return
        assert self.books.holds(entry)
        assert (found.id, found.model) == (entry.decision.id, entry.decision.model)
        assert found.satisfied == (None if entry.rating is None else entry.rating[1])
        for known in ("rated", "costed", "failed"):
            assert set(getattr(found, known)) == getattr(entry, known)
        self.refused(InputError, lambda: self.router.select("x", sla="gold", id=id_))

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "books"):
            return
        self.books.check(self.router.report())
        assert [model.name for model in self.router.models] == sorted(self.zoo)


class PaperLife(Life):
    """The published policy, which queries several models where it explores."""

    preset = "paper"


class WatchingLife(Life):
    """Shadow mode, and going live."""

    watches = True


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
FEW = settings(
    max_examples=1000 if LONG else 30, stateful_step_count=100 if LONG else 40, deadline=None
)
TestDefault = Life.TestCase
TestPaper = PaperLife.TestCase
TestWatching = WatchingLife.TestCase
TestDefault.settings = TestPaper.settings = TestWatching.settings = FEW

"""The books a router keeps, once more: written from what is documented, apart from the core.

Counts, virtual queues to the bit, which rating counts for what, and what is remembered until when.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, FeedbackError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus import Decision, Report

MOST_JUDGEMENTS, NAMES_KEPT, RATERS_SEEN, MOST_OF_ONE_RATER, PERIODS_KEPT = 6, 4, 256, 16, 32


@dataclass(eq=False)
class Period:
    """An accounting period of a service level."""

    target: float
    backlog: float = 0.0
    decisions: int = 0
    rated: list[float] = field(default_factory=list)
    imputed: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    judged: int = 0
    volunteered: int = 0
    set_aside: int = 0
    #: With audits, the requests decided, and those of them that an audit rated.
    sampled: list[Entry] = field(default_factory=list, repr=False)
    verified: list[Entry] = field(default_factory=list, repr=False)

    def account(self, satisfaction: float, credit: float) -> None:
        self.backlog = max(-credit, self.backlog + self.target - satisfaction)

    def check(self, told: Any) -> None:
        """A report of it, open or closed, says what happened, and the bound that follows holds."""
        n = len(self.rated) + len(self.imputed)
        assert (told.target, told.decisions) == (self.target, self.decisions)
        assert (told.rated, told.imputed) == (len(self.rated), len(self.imputed))
        assert told.cost == pytest.approx(sum(self.costs), abs=1e-9)
        mean = sum(self.rated) / len(self.rated) if self.rated else None
        assert told.satisfaction_rate == pytest.approx(mean, abs=1e-9)
        assert told.lower_bound == (self.target - self.backlog / n if n else None)
        if n:
            assert (sum(self.rated) + sum(self.imputed)) / n >= told.lower_bound - 1e-9


@dataclass(eq=False)
class Entry:
    """What is known of one decision."""

    decision: Decision
    level: str
    at: int
    #: The accounting period it was decided in.
    period: Period
    rated: set[str] = field(default_factory=set)
    costed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    judged: set[tuple[str, str]] = field(default_factory=set)
    names: deque[str] = field(default_factory=lambda: deque(maxlen=NAMES_KEPT))
    accounted: bool = False
    cancelled: bool = False
    #: The model and rating it was accounted for with, in which period, and at which place there.
    rating: tuple[str, float] | None = None
    counted_in: Period | None = None
    place: int = 0

    @property
    def p(self) -> float:
        """What was predicted of the model that serves, or would but for shadow mode."""
        return self.decision.p_satisfied[self.decision.shadow_choice or self.decision.model]


@dataclass(frozen=True)
class Told:
    """Feedback on one call."""

    model: str
    satisfied: float | None = None
    cost: float | None = None
    source: str = "user"
    name: str | None = None
    rater: str | None = None
    replace: bool = False


class Books:
    """A router's accounts under these settings, which may be amended."""

    def __init__(
        self,
        slas: Mapping[str, SLA],
        *,
        credit: float,
        capacity: int,
        age: int,
        missing: str,
        audit: float = 0.0,
        limit: float | None = None,
    ) -> None:
        self.slas, self.credit, self.capacity, self.age = dict(slas), credit, capacity, age
        self.missing, self.audit, self.limit = missing, audit, limit
        self.periods = {name: Period(sla.target) for name, sla in slas.items()}
        self.closed: dict[str, list[Period]] = {name: [] for name in slas}
        self.sources = list(dict.fromkeys(sla.source for sla in slas.values() if sla.source))
        self.raters: deque[str] = deque(maxlen=RATERS_SEEN)
        self.made: list[Entry] = []
        self.held: list[Entry] = []
        self.counts: dict[str, Counter[str]] = {}
        self.usage: list[float] = []
        self.spent = 0.0
        self.evicted = 0
        self.now = 0

    def count(self, model: str, what: str, by: int = 1) -> None:
        self.counts.setdefault(model, Counter())[what] += by

    # Decisions come and go.

    def decide(self, decision: Decision, level: str) -> None:
        if len(self.held) == self.capacity:
            self.forget_oldest()
        entry = Entry(decision, level, self.now, self.periods[level])
        entry.period.decisions += 1
        if self.audit > 0:
            entry.period.sampled.append(entry)
        self.count(decision.model, "selected")
        self.made.append(entry)
        self.held.append(entry)

    def advance(self, now: int) -> None:
        self.now = max(self.now, now)
        while self.held and self.now - self.held[0].at > self.age:
            self.forget_oldest()

    def forget_oldest(self) -> None:
        entry = self.held.pop(0)
        if entry.accounted:
            return
        self.evicted += 1
        if self.missing == "ignore" or (self.audit > 0 and not entry.decision.audit):
            return
        self.impute(entry, entry.p if self.missing == "predicted" else 0.0)

    def impute(self, entry: Entry, satisfaction: float) -> None:
        period = self.periods[entry.level]
        entry.accounted = True
        period.account(satisfaction, self.credit)
        period.imputed.append(satisfaction)

    def holds(self, entry: Entry) -> bool:
        return not entry.cancelled and any(entry is held for held in self.held)

    def refuses_cancel(self, entry: Entry) -> type[Exception] | None:
        if not self.holds(entry):
            return FeedbackError
        known = entry.rated or entry.costed or entry.failed or entry.judged
        return InputError if known else None

    def cancel(self, entry: Entry) -> None:
        entry.cancelled = entry.accounted = True
        self.count(entry.decision.model, "selected", -1)
        if entry.period is self.periods[entry.level]:
            entry.period.decisions -= 1
            if entry in entry.period.sampled:
                entry.period.sampled.remove(entry)

    # Feedback.

    def is_truth(self, level: str, source: str) -> bool:
        """Whether a level speaks of this source: the one agreed, else the first that ever rated."""
        truth = self.slas[level].source or (self.sources[0] if self.sources else source)
        return truth == source

    def refuses(self, entry: Entry, told: Told) -> type[Exception] | None:
        if not self.holds(entry):
            return FeedbackError
        if told.name is not None and told.name in entry.names:
            return None
        again = told.cost is not None and told.model in entry.costed
        if told.satisfied is None:
            return FeedbackError if again else None
        if self.is_truth(entry.level, told.source):
            revised = entry.rating is not None and entry.rating[0] == told.model
            volunteered = self.audit > 0 and not entry.decision.audit
            again |= told.model in entry.rated and not (told.replace and (revised or volunteered))
        else:
            known = (told.source, told.model) in entry.judged
            if not known and len(entry.judged) == MOST_JUDGEMENTS:
                return InputError
            again |= known and not told.replace
        return FeedbackError if again else None

    def take(self, entry: Entry, told: Told) -> None:
        """Take in feedback that is not refused."""
        if told.name is not None:
            if told.name in entry.names:
                return
            entry.names.append(told.name)
        if told.satisfied is not None:
            self.take_rating(entry, told, told.satisfied)
        if told.cost is not None:
            entry.costed.add(told.model)
            self.take_cost(entry.level, told.model, told.cost)

    def take_cost(self, level: str, model: str, cost: float) -> None:
        self.count(model, "costed")
        self.periods[level].costs.append(cost)
        if self.limit is not None:
            self.usage.append(cost)
            self.spent = max(-self.credit, self.spent + cost / self.limit - 1.0)

    def take_rating(self, entry: Entry, told: Told, satisfied: float) -> None:
        period, truth = self.periods[entry.level], self.is_truth(entry.level, told.source)
        if told.source not in self.sources:
            self.sources.append(told.source)
        if told.rater is not None:
            if self.raters.count(told.rater) >= MOST_OF_ONE_RATER:
                period.set_aside += 1
                return
            self.raters.append(told.rater)
        if not truth:
            period.judged += (told.source, told.model) not in entry.judged
            entry.judged.add((told.source, told.model))
        elif self.audit > 0 and not entry.decision.audit:
            period.volunteered += 1
            entry.rated.add(told.model)
        elif entry.rating is not None and entry.rating[0] == told.model:
            self.revise(entry, satisfied)
        else:
            self.count(told.model, "rated")
            entry.rated.add(told.model)
            if not entry.accounted and told.model not in entry.decision.also_query:
                self.account(entry, told.model, satisfied)

    def account(self, entry: Entry, model: str, satisfied: float) -> None:
        period = self.periods[entry.level]
        if (choice := entry.decision.shadow_choice) is not None:
            # Its queue follows what the router would have done.
            same = model == entry.decision.model == choice
            self.impute(entry, satisfied if same else entry.p)
            return
        entry.accounted, entry.rating = True, (model, satisfied)
        entry.counted_in, entry.place = period, len(period.rated)
        period.account(satisfied, self.credit)
        period.rated.append(satisfied)
        if entry.decision.audit and entry.period is period:
            period.verified.append(entry)

    def revise(self, entry: Entry, satisfied: float) -> None:
        assert entry.rating is not None
        (model, before), period = entry.rating, self.periods[entry.level]
        entry.rating = (model, satisfied)
        if entry.counted_in is period:
            period.backlog = max(-self.credit, period.backlog + before - satisfied)
            period.rated[entry.place] = satisfied

    def observe(self, level: str, model: str, satisfied: float | None, cost: float | None) -> None:
        """A request that another router decided, and that counts here."""
        period = self.periods[level]
        period.decisions += 1
        if cost is not None:
            self.take_cost(level, model, cost)
        if satisfied is not None:
            self.count(model, "rated")
            period.account(satisfied, self.credit)
            period.rated.append(satisfied)

    # What is agreed changes.

    def amend(
        self,
        slas: Mapping[str, SLA] | None = None,
        audit: float | None = None,
        missing: str | None = None,
        limit: float | None = None,
    ) -> None:
        audited_otherwise = audit is not None and audit != self.audit
        for name, before in self.slas.items():
            after = before if slas is None else slas[name]
            if after != before or audited_otherwise:
                self.closed[name].append(self.periods[name])
                self.periods[name] = Period(after.target)
            if after.source is not None and after.source not in self.sources:
                self.sources.append(after.source)
        self.slas = self.slas if slas is None else dict(slas)
        self.audit = self.audit if audit is None else audit
        self.missing = self.missing if missing is None else missing
        if limit is not None and limit != self.limit:
            self.limit, self.spent, self.usage = limit, 0.0, []

    # What a report must say.

    def check(self, report: Report) -> None:
        assert report.decisions == sum(not entry.cancelled for entry in self.made)
        assert report.pending == sum(not entry.accounted for entry in self.held)
        assert report.evicted == self.evicted
        assert report.rated == sum(len(period.rated) for period in self.periods.values())
        for name, model in report.models.items():
            counts = self.counts.get(name, Counter())
            for what in ("selected", "rated", "costed", "failed"):
                assert getattr(model, what) == counts[what], what
        for name, sla in report.slas.items():
            period = self.periods[name]
            period.check(sla)
            assert sla.backlog == period.backlog >= -self.credit
            told = (sla.judged, sla.volunteered, sla.set_aside)
            assert told == (period.judged, period.volunteered, period.set_aside)
            self.check_audit(period, sla.audit)
            assert len(sla.closed) == len(self.closed[name][-PERIODS_KEPT:])
            for closed, reported in zip(self.closed[name][-PERIODS_KEPT:], sla.closed, strict=True):
                closed.check(reported)
        for limit in report.limits.values():
            assert (limit.limit, limit.calls) == (self.limit, len(self.usage))
            assert limit.backlog == self.spent
            if self.usage:
                mean = sum(self.usage) / len(self.usage)
                assert limit.mean == pytest.approx(mean, abs=1e-9)
                assert limit.upper_bound is not None
                assert mean <= limit.upper_bound + 1e-9

    def check_audit(self, period: Period, told: Any) -> None:
        verified = period.verified
        assert (told is None) == (not verified)
        if told is None:
            return
        audited = sum(entry.decision.audit for entry in period.sampled)
        assert (told.decided, told.audited) == (len(period.sampled), audited)
        assert told.rated == len(verified)
        predicted = sum(entry.p for entry in period.sampled) / len(period.sampled)
        ratings = [0.0 if entry.rating is None else entry.rating[1] for entry in verified]
        beyond = sum(s - entry.p for s, entry in zip(ratings, verified, strict=True))
        estimate = min(max(predicted + beyond / len(verified), 0.0), 1.0)
        assert told.estimate == pytest.approx(estimate, abs=1e-9)

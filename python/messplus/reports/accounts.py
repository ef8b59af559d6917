"""The accounts of one router: what its core has counted, and what is counted beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import accounting, calendar, span

if TYPE_CHECKING:
    from datetime import date, datetime

    from messplus._core import Controller
    from messplus.fleet.membership import Membership
    from messplus.logs.jsonl import JsonlLog
    from messplus.routing.selector import Selector

    from .calendar import Calendar
    from .report import Report
    from .span import SpanReport
    from .watch import Watch


class Accounts:
    """Accounts for what a router has done.

    Parameters
    ----------
    core
        The native controller.
    selector
        Knows how long selections and features take, and which features failed.
    log
        The router's log, which counts what it could not write.
    watch
        Says which targets and limits are out of reach.
    membership
        Knows how the router stands to a fleet.
    """

    def __init__(
        self,
        core: Controller,
        selector: Selector,
        log: JsonlLog | None,
        watch: Watch,
        membership: Membership,
    ) -> None:
        self._core, self._selector = core, selector
        self._log, self._watch, self._membership = log, watch, membership

    def report(self) -> Report:
        """Account for everything since the router was made."""
        self._membership.refresh()
        member = self._membership.member
        features = self._selector.features
        report = accounting.build(
            self._core.report(),
            featurizer_errors=features.errors,
            featurizer_timeouts=features.timeouts,
            log_errors=0 if self._log is None else self._log.errors,
            fleet=None if member is None else member.report(),
            durations={
                "select": self._selector.durations.read(),
                "featurize": features.durations.read(),
                "feedback": self._core.feedback_delays(),
            },
        )
        self._watch.out_of_reach(report.out_of_reach)
        return report

    def span(self, since: date | datetime, until: date | datetime | None) -> SpanReport:
        """Account for a span of time; parameters and errors as for :meth:`Router.report`."""
        return span.build(self.calendar(), self._core.report()["decisions"], since, until)

    def calendar(self) -> Calendar:
        """Give what happened in the latest minutes, hours and days."""
        self._membership.refresh()
        return calendar.build(self._core.calendar())

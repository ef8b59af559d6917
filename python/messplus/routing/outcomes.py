"""What became of decisions: ratings, costs, failed calls, and what was never called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from messplus._logger import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus._core import Controller, Decision
    from messplus.logs.jsonl import JsonlLog

    from .pending import CallerIds

#: Why a call failed.
FailureKind: TypeAlias = Literal["rate_limit", "timeout", "error", "context_window"]


class Outcomes:
    """Tells the core what became of decisions, and writes down what it took in.

    Parameters
    ----------
    core
        The native controller, which learns.
    ids
        The ids callers give.
    log
        Where outcomes are written down.
    """

    def __init__(self, core: Controller, ids: CallerIds, log: JsonlLog | None) -> None:
        self._core, self._ids, self._log = core, ids, log

    def rated(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None,
        cost: float | Mapping[str, float] | None,
        latency: float | Mapping[str, float] | None,
        source: str | None,
        id: str | None,  # noqa: A002
        rater: str | None,
        replace: bool,
    ) -> None:
        """Take in feedback; parameters and errors as for :meth:`messplus.Router.feedback`."""
        decision = self._ids.known(decision)
        self._core.observe(decision, satisfied, cost, latency, source, id, rater, replace)
        if self._log is not None:
            self._log.observed(decision, satisfied, cost, latency, source)

    def failed(
        self,
        decision: Decision | str,
        model: str | None,
        kind: FailureKind,
        retry_after: float | None,
    ) -> str | None:
        """Take in a failed call; parameters and errors as for :meth:`messplus.Router.failed`."""
        decision = self._ids.known(decision)
        model, instead = self._core.fail(decision, model, kind, retry_after)
        logger.info("a call of %r failed: %s", model, kind)
        if self._log is not None:
            self._log.failed(decision, model, kind)
        return instead

    def cancelled(self, decision: Decision | str) -> None:
        """Take a decision back; errors as for :meth:`messplus.Router.cancel`."""
        self._core.cancel(self._ids.known(decision))

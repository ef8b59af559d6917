"""What became of decisions: ratings, costs, failed calls, and what was never called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from messplus._core import Decision
from messplus._logger import logger
from messplus.exceptions import InputError
from messplus.prices import TokenPrice
from messplus.state.core_config import CoreConfig
from messplus.usage import read

if TYPE_CHECKING:
    from messplus._core import Controller
    from messplus.logs.jsonl import JsonlLog
    from messplus.usage import Usage

    from .caches import PromptCaches
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
    caches
        Learns what is left in prompt caches.
    """

    def __init__(
        self, core: Controller, ids: CallerIds, log: JsonlLog | None, caches: PromptCaches
    ) -> None:
        self._core, self._ids, self._log, self._caches = core, ids, log, caches

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
        usage: object,
    ) -> None:
        """Take in feedback; parameters and errors as for :meth:`messplus.Router.feedback`."""
        if not isinstance(decision, Decision):
            decision = self._ids.known(decision)
        told = None if usage is None else self._read(decision, usage)
        if told is not None and cost is None:
            cost = self._price(*told)
        # Where a rating comes after the bill, or alone, no call was made anew.
        cached = None if told is None or cost is None else told[1].cached_tokens
        if told is None or not (satisfied is None and cost is None and latency is None):
            self._core.observe(
                decision, satisfied, cost, latency, source, id, rater, replace, cached
            )
        if told is not None:
            name = decision if isinstance(decision, str) else decision.id
            self._caches.called(name, *told)
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

    def _read(self, decision: Decision | str, usage: object) -> tuple[str, Usage]:
        """The model that was called, and the tokens of the call."""
        model, told = None, read(usage)
        if told is None and isinstance(usage, Mapping) and len(usage) == 1:
            [(model, of_model)] = usage.items()
            told = read(of_model)
        if told is None:
            rule = "must be the usage of a response, or {model: usage}"
            raise InputError(f"usage: {rule}, got {type(usage).__name__}")
        if model is None:
            pending = self._ids.find(decision) if isinstance(decision, str) else decision
            model = "" if pending is None else pending.model
        return model, told

    def _price(self, model: str, usage: Usage) -> dict[str, float] | None:
        """Cost of a call by the list; None where the model has no price per token."""
        listed = {entry.name: entry.cost for entry in CoreConfig.of(self._core).zoo}
        price = listed.get(model)
        if not isinstance(price, TokenPrice):
            return None
        return {model: price.cost(usage.input_tokens, usage.output_tokens, usage.cached_tokens)}

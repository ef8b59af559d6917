"""A router that never fails a request: what goes wrong is counted and logged."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, TypedDict

from messplus._logger import logger
from messplus._optional import require
from messplus.exceptions import MessPlusError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Unpack

    from prometheus_client.metrics_core import Metric

    from messplus._core import Decision
    from messplus.featurizers import Prompt
    from messplus.router import Router
    from messplus.usage import Usage

    from .failure import Failure

_REMEMBERED = 16_384


class Options(TypedDict, total=False):
    """What a request may say beside its prompt, as :meth:`Router.select` takes it."""

    tags: Mapping[str, str] | None
    allowed: Collection[str] | None
    requires: Collection[str] | None
    max_cost: float | None
    sla: str | None
    session: str | None


class Request(Options):
    """Arguments of :meth:`Router.select` that integrations pass on."""

    prompt: Prompt


class Guard:
    """What integrations know of a router.

    Parameters
    ----------
    router
        The router.

    Attributes
    ----------
    errors
        What was left out because it failed, by action: ``select``, ``served``, ``failed``, or
        whatever else an integration counts with :meth:`left_out`.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self.errors: Counter[str] = Counter()
        self._lock = threading.Lock()
        # Models that served in the place of the chosen one, by decision: ratings are theirs.
        self._stood_in: OrderedDict[str, str] = OrderedDict()

    def select(self, **request: Unpack[Request]) -> Decision | None:
        """Choose as :meth:`Router.select` does; None where that raises."""
        try:
            return self.router.select(**request)
        except Exception as error:
            self.left_out("select", error)
            return None

    async def aselect(self, **request: Unpack[Request]) -> Decision | None:
        """Choose as :meth:`Router.aselect` does; None where that raises."""
        try:
            return await self.router.aselect(**request)
        except Exception as error:
            self.left_out("select", error)
            return None

    def served(
        self,
        decision: Decision,
        model: str,
        *,
        usage: Usage | None = None,
        cost: float | None = None,
        latency: float | None = None,
    ) -> None:
        """Say which model served in the end, and what that took.

        Parameters
        ----------
        decision
            The decision.
        model
            The model whose answer the user got.
        usage
            Tokens of the call; they give the cost, by the price list, where it is not known.
        cost
            Cost of the call, in the unit of the zoo.
        latency
            Seconds the call took.
        """
        if model != decision.model:
            with self._lock:
                self._stood_in[decision.id] = model
                if len(self._stood_in) > _REMEMBERED:
                    self._stood_in.popitem(last=False)
        try:
            self.router.feedback(
                decision,
                cost=_of(model, cost),
                latency=_of(model, latency),
                usage=None if usage is None else {model: usage},
            )
        except Exception as error:
            self.left_out("served", error)

    def rate(self, decision: str, satisfied: bool | float, model: str | None = None) -> None:
        """Rate the answer of a decision by its id.

        Parameters
        ----------
        decision
            The id.
        satisfied
            As for :meth:`Router.feedback`.
        model
            The model that served; the one known to have served by default.

        Raises
        ------
        FeedbackError, InputError
            As :meth:`Router.feedback` does: a rating is refused, not left out.
        """
        model = model or self._stood_in.get(decision)
        self.router.feedback(decision, satisfied if model is None else {model: satisfied})

    def failed(self, decision: Decision, model: str, failure: Failure) -> None:
        """Say that a model did not answer, and why."""
        try:
            self.router.failed(decision, model, failure.kind, failure.retry_after)
        except Exception as error:
            self.left_out("failed", error)

    def collect(self) -> Iterable[Metric]:
        """What was left out, as a metric: a guard may be registered with ``prometheus_client``."""
        core = require("prometheus_client.core", "metrics")
        name, text = "messplus_adapter_errors", "What an integration left out because it failed."
        family = core.CounterMetricFamily(name, text, labels=["action"])
        for action, count in self.errors.copy().items():
            family.add_metric([action], count)
        yield family

    def left_out(self, action: str, error: Exception) -> None:
        """Count and log an action that could not be done."""
        with self._lock:
            self.errors[action] += 1
        # Messages of other exceptions may quote a request.
        text = str(error) if isinstance(error, MessPlusError) else type(error).__name__
        logger.warning("%s left out: %s", action, text)


def _of(model: str, value: float | None) -> Mapping[str, float] | None:
    return None if value is None else {model: value}

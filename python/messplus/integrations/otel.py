"""OpenTelemetry: a span per decision, and ratings as evaluation events.

No convention names routing yet, so that a span's attributes are under ``messplus.``. Ratings have
one: the event ``gen_ai.evaluation.result`` of the GenAI semantic conventions.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from messplus._optional import require
from messplus.router import Router

from .guard import Guard

if TYPE_CHECKING:
    from collections.abc import Collection

    from messplus._core import Decision

_trace: Any = require("opentelemetry.trace", "otel")
_logs: Any = require("opentelemetry._logs", "otel")

_SCOPE = "messplus"
_EVENT = "gen_ai.evaluation.result"
_DECISION = "messplus.decision_id"
_REMEMBERED = 16_384


class TracedRouter(Router):
    """A router that tells OpenTelemetry what it does; for the rest it is the router it is.

    Every ``select`` and ``aselect`` is an internal span ``messplus.select``; every rating is an
    event in the context of that span.
    """

    def select(self, *args: Any, **request: Any) -> Decision:
        """Choose as :meth:`Router.select` does, within a span."""
        with _trace.get_tracer(_SCOPE).start_as_current_span("messplus.select") as span:
            decision = super().select(*args, **request)
            self._describe(span, decision, request)
            return decision

    async def aselect(self, *args: Any, **request: Any) -> Decision:
        """Choose as :meth:`Router.aselect` does, within a span."""
        with _trace.get_tracer(_SCOPE).start_as_current_span("messplus.select") as span:
            decision = await super().aselect(*args, **request)
            self._describe(span, decision, request)
            return decision

    def feedback(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None = None,
        **more: Any,
    ) -> None:
        """Take feedback as :meth:`Router.feedback` does, and emit ratings as events."""
        super().feedback(decision, satisfied, **more)
        if satisfied is None:
            return
        found = decision if isinstance(decision, str) else decision.id
        source = more.get("source")
        if isinstance(satisfied, Mapping):
            for model, score in satisfied.items():
                self._spans.emit(found, model, float(score), source)
        else:
            self._spans.emit(found, None, float(satisfied), source)

    @property
    def _spans(self) -> _Spans:
        # Made at first use: routers are also made without their constructor, from saved state.
        spans: _Spans = self.__dict__.setdefault("_spans_", _Spans())
        return spans

    def _describe(self, span: Any, decision: Decision, request: Mapping[str, Any]) -> None:
        self._spans.remember(decision.id, span.get_span_context())
        if not span.is_recording():
            return
        models = decision.ranking
        attributes = {
            _DECISION: decision.id,
            "messplus.step": decision.step,
            "messplus.model": decision.model,
            "messplus.reason": decision.reason,
            "messplus.ranking": models,
            "messplus.p_satisfied": [decision.p_satisfied[name] for name in models],
            "messplus.expected_cost": [decision.expected_cost[name] for name in models],
        }
        if request.get("sla") is not None:
            attributes["messplus.sla"] = request["sla"]
        span.set_attributes(attributes)


class EvaluationProcessor:
    """Takes evaluations that others emit for ratings; a log record processor for the SDK.

    An evaluation belongs to the decision that its attribute ``messplus.decision_id`` names, or to
    the only one of its trace. Its ``gen_ai.evaluation.score.value`` must be in ``[0, 1]``; the
    labels ``pass`` and ``fail`` will do without one.

    Parameters
    ----------
    router
        The router to tell.
    names
        Names of the evaluations that count (``gen_ai.evaluation.name``).

    Examples
    --------
    ``logger_provider.add_log_record_processor(EvaluationProcessor(router))``
    """

    def __init__(self, router: TracedRouter, names: Collection[str] = ("satisfaction",)) -> None:
        self.guard = Guard(router)
        self._router = router
        self._spans = router._spans
        self._names = frozenset(names)

    def on_emit(self, log_record: Any) -> None:
        """Take one record."""
        record, scope = log_record.log_record, log_record.instrumentation_scope
        attributes = record.attributes or {}
        if record.event_name != _EVENT or getattr(scope, "name", None) == _SCOPE:
            return
        if attributes.get("gen_ai.evaluation.name") not in self._names:
            return
        labels = {"pass": 1.0, "fail": 0.0}
        label = labels.get(str(attributes.get("gen_ai.evaluation.score.label")))
        score = attributes.get("gen_ai.evaluation.score.value", label)
        found: str | None = attributes.get(_DECISION) or self._spans.decision_of(record.trace_id)
        try:
            if found is not None and score is not None:
                # Past the router's own event: this one is out already.
                Router.feedback(self._router, found, score)
        except Exception as error:
            self.guard.left_out("rate", error)

    def enabled(self, **_: object) -> bool:
        """Whether records are of interest."""
        return True

    def shutdown(self) -> None:
        """Nothing is held back."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held back."""
        del timeout_millis
        return True


class _Spans:
    """The spans of late decisions: bounded, the oldest forgotten first."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[str, Any] = OrderedDict()
        self._decisions: dict[int, list[str]] = {}
        self._lock = threading.Lock()

    def remember(self, decision: str, context: Any) -> None:
        if not context.is_valid:
            return
        with self._lock:
            self._contexts[decision] = context
            self._decisions.setdefault(context.trace_id, []).append(decision)
            if len(self._contexts) > _REMEMBERED:
                _, oldest = self._contexts.popitem(last=False)
                self._decisions.pop(oldest.trace_id, None)

    def decision_of(self, trace: int | None) -> str | None:
        decisions = self._decisions.get(trace or 0, [])
        return decisions[0] if len(decisions) == 1 else None

    def emit(self, decision: str, model: str | None, score: float, source: str | None) -> None:
        attributes: dict[str, Any] = {
            "gen_ai.evaluation.name": "satisfaction",
            "gen_ai.evaluation.score.value": score,
            "gen_ai.evaluation.score.label": "pass" if score >= 0.5 else "fail",
            _DECISION: decision,
        }
        for name, value in (("model", model), ("source", source)):
            if value is not None:
                attributes[f"messplus.{name}"] = value
        span = self._contexts.get(decision)
        context = span and _trace.set_span_in_context(_trace.NonRecordingSpan(span))
        record = _logs.LogRecord(event_name=_EVENT, attributes=attributes, context=context)
        _logs.get_logger(_SCOPE).emit(record)

"""Spans and evaluation events, seen through the SDK's exporters in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from messplus import SLA, FeedbackError
from messplus.integrations.otel import EvaluationProcessor, TracedRouter
from tests.zoo import MODELS, StubFeaturizer

if TYPE_CHECKING:
    from collections.abc import Iterator

SPANS: Any = InMemorySpanExporter()
RECORDS: Any = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
LOGGERS: Any = LoggerProvider()


@pytest.fixture(scope="module", autouse=True)
def providers() -> None:
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(tracers)
    LOGGERS.add_log_record_processor(SimpleLogRecordProcessor(RECORDS))
    _logs.set_logger_provider(LOGGERS)


@pytest.fixture
def router() -> Iterator[TracedRouter]:
    yield TracedRouter(MODELS, SLA(0.7), featurizer=StubFeaturizer())
    SPANS.clear()
    RECORDS.clear()


def test_a_decision_is_a_span_that_says_nothing_unspecified(router: TracedRouter) -> None:
    decision = router.select("my secret prompt", sla="default")
    asyncio.run(router.aselect("my secret prompt"))
    first, second = SPANS.get_finished_spans()
    assert first.name == second.name == "messplus.select"
    assert first.kind is trace.SpanKind.INTERNAL
    assert first.attributes["messplus.decision_id"] == decision.id
    assert first.attributes["messplus.model"] == decision.model
    assert first.attributes["messplus.reason"] == decision.reason
    assert first.attributes["messplus.ranking"] == decision.ranking
    assert first.attributes["messplus.sla"] == "default"
    assert all(name.startswith("messplus.") for name in first.attributes)
    assert "secret" not in str(first.attributes)


def test_a_rating_is_an_evaluation_in_the_context_of_its_span(router: TracedRouter) -> None:
    decision = router.select("x")
    router.feedback(decision, cost=1.0)
    assert RECORDS.get_finished_logs() == ()
    router.feedback(decision.id, {decision.model: 0.25})
    with pytest.raises(FeedbackError):
        router.feedback(decision, satisfied=True)
    (exported,) = RECORDS.get_finished_logs()
    record = exported.log_record
    assert record.event_name == "gen_ai.evaluation.result"
    assert record.attributes == {
        "gen_ai.evaluation.name": "satisfaction",
        "gen_ai.evaluation.score.value": 0.25,
        "gen_ai.evaluation.score.label": "fail",
        "messplus.decision_id": decision.id,
        "messplus.model": decision.model,
    }
    span = SPANS.get_finished_spans()[0].context
    assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)


def emit(**attributes: Any) -> None:
    """An evaluation as other instruments emit it."""
    name = {"gen_ai.evaluation.name": "satisfaction"}
    event = _logs.LogRecord(event_name="gen_ai.evaluation.result", attributes=name | attributes)
    LOGGERS.get_logger("evaluator").emit(event)


def test_evaluations_of_others_are_ratings(router: TracedRouter) -> None:
    processor = EvaluationProcessor(router)
    LOGGERS.add_log_record_processor(processor)
    decision = router.select("x")
    emit(**{"messplus.decision_id": decision.id, "gen_ai.evaluation.score.label": "pass"})
    assert router.report().rated == 1
    with trace.get_tracer("test").start_as_current_span("request"):
        router.select("y")
        emit(**{"gen_ai.evaluation.score.value": 0.5})
    assert router.report().rated == 2
    # Neither ours, nor of another name, nor twice, nor of no decision.
    emit(**{"gen_ai.evaluation.score.value": 0.5})
    emit(**{"gen_ai.evaluation.name": "toxicity", "messplus.decision_id": decision.id})
    router.feedback(router.select("z"), satisfied=True)
    assert router.report().rated == 3
    assert not processor.guard.errors
    emit(**{"messplus.decision_id": decision.id, "gen_ai.evaluation.score.value": 1.0})
    assert processor.guard.errors == {"rate": 1}


def test_a_router_kept_in_a_folder_is_traced_too(router: TracedRouter) -> None:
    again = TracedRouter.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
    again.feedback(again.select("x"), satisfied=True)
    assert len(SPANS.get_finished_spans()) == len(RECORDS.get_finished_logs()) == 1

"""OpenTelemetry: decisions as spans, ratings as ``gen_ai.evaluation.result`` events."""

from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from messplus import SLA, Model
from messplus.integrations.otel import EvaluationProcessor, TracedRouter

tracers, loggers = TracerProvider(), LoggerProvider()
tracers.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
loggers.add_log_record_processor(SimpleLogRecordProcessor(ConsoleLogRecordExporter()))
trace.set_tracer_provider(tracers)
_logs.set_logger_provider(loggers)

router = TracedRouter([Model("small", cost=0.2), Model("large", cost=3.0)], SLA(target=0.85))
# Evaluations of other instruments are ratings too.
loggers.add_log_record_processor(EvaluationProcessor(router))

with trace.get_tracer("application").start_as_current_span("request"):
    decision = router.select("What is the capital of France?")
    router.feedback(decision, satisfied=True)

"""Scores as observability tools write them, as arguments of :meth:`messplus.Router.feedback`.

Each function takes one record as a plain dictionary and needs no package of the tool. A record
names its request by the id given to ``select(id=...)``: use the tool's trace id for it, or the
response id where an evaluation has no trace.

Examples
--------
>>> from messplus.integrations import scores
>>> record = {"traceId": "t-1", "name": "helpful", "value": 1, "source": "ANNOTATION", "id": "s-1"}
>>> scores.from_langfuse(record)
{'decision': 't-1', 'satisfied': 1.0, 'source': 'user', 'id': 's-1'}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from messplus.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABELS = {"pass": 1.0, "yes": 1.0, "true": 1.0, "fail": 0.0, "no": 0.0, "false": 0.0}
_LANGFUSE = {"ANNOTATION": "user", "EVAL": "judge", "API": "code"}
_MLFLOW = {"HUMAN": "user", "LLM_JUDGE": "judge", "AI_JUDGE": "judge", "CODE": "code"}


class FeedbackArguments(TypedDict, total=False):
    """Arguments of :meth:`messplus.Router.feedback`, for ``router.feedback(**arguments)``."""

    decision: str
    satisfied: float
    source: str
    id: str
    rater: str


def from_otel(attributes: Mapping[str, object], *, source: str = "judge") -> FeedbackArguments:
    """Read the attributes of an event ``gen_ai.evaluation.result`` (OpenTelemetry, GenAI).

    Parameters
    ----------
    attributes
        ``gen_ai.evaluation.score.value`` in ``[0, 1]``, or the label ``pass`` or ``fail``; and
        ``messplus.decision_id`` or ``gen_ai.response.id``.
    source
        Who evaluates: the convention does not say.

    Raises
    ------
    InputError
        If the record names no request or holds no score.
    """
    request = attributes.get("messplus.decision_id") or attributes.get("gen_ai.response.id")
    value = attributes.get("gen_ai.evaluation.score.value")
    if value is None:
        value = attributes.get("gen_ai.evaluation.score.label")
    return _arguments(request, value, source, None, None)


def from_mlflow(record: Mapping[str, object]) -> FeedbackArguments:
    """Read an MLflow assessment, as ``Feedback.to_dictionary()`` gives it.

    Its source is ``user`` for ``HUMAN``, ``judge`` for ``LLM_JUDGE``, ``code`` for ``CODE``; a
    human's ``source_id`` is the rater.

    Raises
    ------
    InputError
        If the record names no request or holds no score.
    """
    source, feedback = _mapping(record.get("source")), _mapping(record.get("feedback"))
    who = _MLFLOW.get(str(source.get("source_type")), "code")
    rater = source.get("source_id") if who == "user" else None
    name = record.get("assessment_id")
    return _arguments(record.get("trace_id"), feedback.get("value"), who, name, rater)


def from_langfuse(record: Mapping[str, object]) -> FeedbackArguments:
    """Read a Langfuse score, as its API gives it.

    Its source is ``user`` for ``ANNOTATION``, ``judge`` for ``EVAL``, ``code`` for ``API``; who
    annotated is the rater.

    Raises
    ------
    InputError
        If the record names no request or holds no score.
    """
    value = record.get("value")
    if not isinstance(value, bool | int | float):
        value = record.get("stringValue", value)
    source = _LANGFUSE.get(str(record.get("source")), "code")
    rater, name = record.get("authorUserId"), record.get("id")
    return _arguments(record.get("traceId"), value, source, name, rater)


def _arguments(
    request: object, value: object, source: str, name: object, rater: object
) -> FeedbackArguments:
    if not isinstance(request, str) or not request:
        raise InputError(f"record: must name its request by an id, got {request!r}")
    score = _LABELS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(score, bool | int | float):
        raise InputError(f"record: must hold a number or 'pass' or 'fail', got {value!r}")
    arguments = FeedbackArguments(decision=request, satisfied=float(score), source=source)
    if isinstance(name, str) and name:
        arguments["id"] = name
    if isinstance(rater, str) and rater:
        arguments["rater"] = rater
    return arguments


def _mapping(part: object) -> Mapping[str, object]:
    return part if isinstance(part, dict) else {}

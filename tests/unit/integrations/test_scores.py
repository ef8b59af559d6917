"""Scores of observability tools as feedback."""

from typing import Any

import pytest

from messplus import SLA, Model, Router
from messplus.exceptions import InputError
from messplus.integrations import scores

MLFLOW: dict[str, Any] = {
    "assessment_id": "a-1",
    "assessment_name": "correctness",
    "trace_id": "tr-1",
    "source": {"source_type": "LLM_JUDGE", "source_id": "gpt"},
    "feedback": {"value": False},
}
LANGFUSE: dict[str, Any] = {
    "id": "s-1",
    "traceId": "t-1",
    "name": "helpful",
    "value": 0.75,
    "dataType": "NUMERIC",
    "source": "EVAL",
}


def test_each_record_is_feedback() -> None:
    router = Router([Model("small", 1.0), Model("large", 9.0)], SLA(0.8, source="user"))
    records = [
        scores.from_mlflow(MLFLOW),
        scores.from_mlflow(MLFLOW | {"source": {"source_type": "HUMAN", "source_id": "ann"}}),
        scores.from_langfuse(LANGFUSE),
        scores.from_langfuse(LANGFUSE | {"value": "Fail", "source": "ANNOTATION"}),
        scores.from_otel(
            {"gen_ai.evaluation.score.label": "pass", "gen_ai.response.id": "r-1"}, source="user"
        ),
    ]
    found = [
        (r["decision"], r["satisfied"], r["source"], r.get("id"), r.get("rater")) for r in records
    ]
    assert found == [
        ("tr-1", 0.0, "judge", "a-1", None),
        ("tr-1", 0.0, "user", "a-1", "ann"),
        ("t-1", 0.75, "judge", "s-1", None),
        ("t-1", 0.0, "user", "s-1", None),
        ("r-1", 1.0, "user", None, None),
    ]
    for n, record in enumerate(records):
        record["decision"] += f" {n}"
        router.select("x", id=record["decision"])
        router.feedback(**record)
    assert router.report().rated == 3


@pytest.mark.parametrize(
    ("read", "record", "rule"),
    [
        (scores.from_otel, {}, "must name its request"),
        (scores.from_otel, {"gen_ai.response.id": "r"}, "must hold a number"),
        (scores.from_mlflow, MLFLOW | {"feedback": None}, "must hold a number"),
        (scores.from_langfuse, LANGFUSE | {"value": "fine"}, "must hold a number"),
        (scores.from_langfuse, LANGFUSE | {"traceId": None}, "must name its request"),
    ],
)
def test_what_cannot_be_read_is_refused(read: Any, record: dict[str, Any], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        read(record)

"""Logs of other tools: records as the tools write them, rows as evaluations read them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

import messplus
from messplus.cli import main
from messplus.exceptions import InputError
from messplus.logs.importing import import_log
from messplus.prices import TokenPrice

if TYPE_CHECKING:
    from pathlib import Path

Record = dict[str, Any]
CHAT = [{"role": "user", "content": "hi"}]
LITELLM_SPEND = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "spend": 0.002,
    "prompt_tokens": 9,
    "completion_tokens": 5,
    "startTime": "2025-06-01T10:00:00Z",
    "endTime": "2025-06-01T10:00:01.500Z",
    "model": "gpt-4o-mini",
    "model_group": "fast",
    "metadata": "{}",
    "cache_hit": "False",
    "messages": json.dumps(CHAT),
    "response": "{}",
    "session_id": "s1",
    "status": "success",
}
LITELLM_PAYLOAD = {
    "id": "chatcmpl-2",
    "trace_id": "t2",
    "call_type": "acompletion",
    "status": "success",
    "cache_hit": False,
    "response_cost": 0.004,
    "prompt_tokens": 9,
    "startTime": 1748772001.0,
    "endTime": 1748772003.0,
    "model": "gpt-4o",
    "messages": CHAT,
    "metadata": {},
}
LANGFUSE = {
    "id": "o1",
    "traceId": "t1",
    "type": "GENERATION",
    "level": "DEFAULT",
    "startTime": "2025-06-01T10:00:00.000Z",
    "endTime": "2025-06-01T10:00:02.000Z",
    "model": "gpt-4o",
    "input": {"messages": CHAT},
    "output": "hello",
    "costDetails": {"input": 0.001, "output": 0.002, "total": 0.003},
    "sessionId": "s1",
}
MLFLOW: Record = {
    "info": {
        "trace_id": "tr-1",
        "state": "OK",
        "request_time": "2025-06-01T10:00:00Z",
        "execution_duration": "1.5s",
        "trace_metadata": {
            "mlflow.trace.session": "s1",
            "mlflow.trace.cost": json.dumps({"total_cost": 0.003}),
        },
        "assessments": [
            {"feedback": {"value": False}, "source": {"source_type": "LLM_JUDGE"}},
            {"feedback": {"value": True}, "source": {"source_type": "HUMAN"}},
        ],
    },
    "data": {
        "spans": [
            {"attributes": {"mlflow.spanInputs": json.dumps({"messages": CHAT})}},
            {"attributes": {"mlflow.llm.model": '"gpt-4o"'}},
        ]
    },
}
BATCH_REQUEST = {
    "custom_id": "b1",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-4o-mini", "messages": CHAT},
}
BATCH_RESULT = {
    "id": "batch_req_1",
    "custom_id": "b1",
    "error": None,
    "response": {
        "status_code": 200,
        "body": {
            "created": 1748772000,
            "model": "gpt-4o-mini",
            "usage": {"prompt_tokens": 10, "completion_tokens": 20},
        },
    },
}


def write(path: Path, *records: Record) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_litellm_spend_logs(tmp_path: Path) -> None:
    rows, left_out = import_log("litellm", [write(tmp_path / "log.jsonl", LITELLM_SPEND)])
    assert left_out == 0
    assert rows == [
        {
            "id": "chatcmpl-1",
            "time": 1748772000.0,
            "prompt": CHAT,
            "model": "gpt-4o-mini",
            "cost": 0.002,
            "latency": 1.5,
            "input_tokens": 9,
            "session": "s1",
        }
    ]


def test_litellm_spend_logs_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(LITELLM_SPEND))
        writer.writeheader()
        writer.writerow(LITELLM_SPEND)
    row = import_log("litellm", [path])[0][0]
    assert (row["prompt"], row["cost"], row["latency"]) == (CHAT, 0.002, 1.5)


def test_litellm_payloads(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", LITELLM_PAYLOAD, LITELLM_SPEND)
    first, second = import_log("litellm", [path])[0]
    # In the order of their times, whatever that of the file.
    assert (first["id"], second["id"]) == ("chatcmpl-1", "chatcmpl-2")
    assert (second["model"], second["cost"], second["latency"]) == ("gpt-4o", 0.004, 2.0)
    assert second["session"] == "t2"


def test_litellm_leaves_out_what_is_no_answer(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.jsonl",
        {**LITELLM_SPEND, "status": "failure"},
        {**LITELLM_SPEND, "cache_hit": "True"},
        {**LITELLM_SPEND, "call_type": "aembedding"},
        {**LITELLM_SPEND, "messages": "{}"},
        {**LITELLM_SPEND, "model": ""},
        {**LITELLM_SPEND, "messages": "{}", "proxy_server_request": {"messages": CHAT}},
    )
    rows, left_out = import_log("litellm", [path])
    assert (len(rows), left_out) == (1, 5)
    assert rows[0]["prompt"] == CHAT


def test_langfuse(tmp_path: Path) -> None:
    path = tmp_path / "observations.json"
    scored = {**LANGFUSE, "id": "o2", "scores": [{"value": 1, "source": "ANNOTATION"}]}
    others = [{**LANGFUSE, "type": "SPAN"}, {**LANGFUSE, "level": "ERROR"}]
    path.write_text(json.dumps({"data": [LANGFUSE, scored, *others]}))
    rows, left_out = import_log("langfuse", [path])
    assert left_out == 2
    assert rows[0] == {
        "id": "o1",
        "time": 1748772000.0,
        "prompt": CHAT,
        "model": "gpt-4o",
        "cost": 0.003,
        "latency": 2.0,
        "session": "s1",
    }
    assert (rows[1]["satisfied"], rows[1]["source"]) == (1.0, "annotation")


def test_langfuse_scores_join_by_observation_or_trace(tmp_path: Path) -> None:
    path = write(tmp_path / "o.jsonl", LANGFUSE, {**LANGFUSE, "id": "o2", "traceId": "t2"})
    scores = write(
        tmp_path / "scores.jsonl",
        {"observationId": "o1", "name": "helpful", "value": 4, "source": "API"},
        {"traceId": "t2", "name": "helpful", "value": 1, "source": "EVAL"},
        {"observationId": "o1", "name": "length", "value": 9000, "source": "API"},
    )
    rows, _ = import_log("langfuse", [path], ratings=scores, name="helpful", scale=(1.0, 5.0))
    assert [(row["satisfied"], row["source"]) for row in rows] == [(0.75, "user"), (0.0, "judge")]


def test_mlflow(tmp_path: Path) -> None:
    failed = {**MLFLOW, "info": {**MLFLOW["info"], "state": "ERROR"}}
    rows, left_out = import_log("mlflow", [write(tmp_path / "t.jsonl", MLFLOW, failed)])
    assert left_out == 1
    assert rows == [
        {
            "id": "tr-1",
            "time": 1748772000.0,
            "prompt": CHAT,
            "model": "gpt-4o",
            "cost": 0.003,
            "latency": 1.5,
            "session": "s1",
            "satisfied": 1.0,
            "source": "user",
        }
    ]


@pytest.mark.parametrize("results_first", [True, False])
def test_openai_batches(tmp_path: Path, results_first: bool) -> None:
    lost = {**BATCH_RESULT, "custom_id": "unknown"}
    failed = {**BATCH_RESULT, "error": {"code": "expired"}}
    files = [
        write(tmp_path / "output.jsonl", BATCH_RESULT, lost, failed),
        write(tmp_path / "input.jsonl", BATCH_REQUEST),
    ]
    price = TokenPrice(input=1.0, output=2.0, output_tokens=20.0)
    rows, left_out = import_log(
        "openai-batch",
        files if results_first else files[::-1],
        prices={"gpt-4o-mini": price},
    )
    assert left_out == 2
    assert rows == [
        {
            "id": "b1",
            "time": 1748772000,
            "prompt": CHAT,
            "model": "gpt-4o-mini",
            "cost": price.cost(10, 20),
            "input_tokens": 10,
        }
    ]


def test_ratings_join_by_id(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", LITELLM_SPEND, LITELLM_PAYLOAD)
    ratings = write(
        tmp_path / "ratings.jsonl", {"id": "chatcmpl-2", "value": "yes", "source": "user"}
    )
    first, second = import_log("litellm", [path], ratings=ratings)[0]
    assert "satisfied" not in first
    assert (second["satisfied"], second["source"]) == (1.0, "user")


@pytest.mark.parametrize(
    ("tool", "record", "message"),
    [
        ("litellm", {**LITELLM_SPEND, "spend": "dear"}, "record 1: must be of litellm, got could"),
        ("litellm", {**LITELLM_SPEND, "startTime": "noon"}, "record 1: must be of litellm, got"),
        ("mlflow", {"info": 7, "data": {}}, "record 1: must be of mlflow, got"),
    ],
)
def test_records_that_cannot_be_read(
    tmp_path: Path, tool: str, record: Record, message: str
) -> None:
    path = write(tmp_path / "log.jsonl", record)
    with pytest.raises(InputError, match=message) as error:
        import_log(tool, [path])
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (7, r"record 1: satisfied: must be in \[1, 5\], got 7"),
        ("so-so", "record 1: satisfied: must be a number, yes or no, got 'so-so'"),
    ],
)
def test_ratings_beyond_the_scale(tmp_path: Path, value: object, message: str) -> None:
    path = write(tmp_path / "log.jsonl", LITELLM_SPEND)
    ratings = write(tmp_path / "r.jsonl", {"id": "chatcmpl-1", "value": value})
    with pytest.raises(InputError, match=message):
        import_log("litellm", [path], ratings=ratings, scale=(1.0, 5.0))


def test_a_rating_of_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", LITELLM_SPEND)
    ratings = write(tmp_path / "r.jsonl", {"value": 1})
    with pytest.raises(InputError, match="record 1: must have an id"):
        import_log("litellm", [path], ratings=ratings)


def test_files_that_are_no_records(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    for content, message in (("{", "must be JSON"), ("[1]", "record 1: must be an object, got 1")):
        path.write_text(content)
        with pytest.raises(InputError, match=message):
            import_log("langfuse", [path])
    with pytest.raises(InputError, match=r"tool: must be one of .*, got 'grep'"):
        import_log("grep", [path])


def test_the_command_writes_a_log_that_can_be_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records, ratings = [], []
    for n in range(400):
        model = ("gpt-4o", "gpt-4o-mini")[n % 2]
        text = [{"role": "user", "content": f"question {n}"}]
        records.append(
            {**LITELLM_PAYLOAD, "id": f"c{n}", "model": model, "messages": text, "trace_id": None}
        )
        ratings.append({"id": f"c{n}", "satisfied": int(n % 10 > 0), "source": "user"})
    source, given = write(tmp_path / "s.jsonl", *records), write(tmp_path / "r.jsonl", *ratings)
    out = tmp_path / "log.jsonl"
    asked = ["import", "litellm", str(source), "--ratings", str(given), "--out", str(out)]
    assert main(asked) == 0
    assert "400 answers, 400 rated, 400 with a cost; 0 records left out" in capsys.readouterr().out
    found = messplus.evaluate(out, policies=["single:gpt-4o"])
    assert found.rows[-1].satisfaction.estimate == pytest.approx(0.8, abs=0.03)


def test_the_command_checks_its_scale(capsys: pytest.CaptureFixture[str]) -> None:
    for scale in ("5:1", "good"):
        with pytest.raises(SystemExit):
            main(["import", "litellm", "x.jsonl", "--out", "y.jsonl", "--scale", scale])
        assert "--scale: must" in capsys.readouterr().err

"""Logs that break a rule: the message names file, row, rule and value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import messplus
from messplus.cli import main
from messplus.exceptions import ConfigError, InputError

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]


def rows() -> list[Row]:
    """Twenty requests with every column there is."""
    return [
        {
            "id": f"r{n}",
            "time": 100.0 + n,
            "prompt": f"number {n}",
            "model": "small" if n % 2 else "large",
            "satisfied": n % 3 > 0,
            "cost": 1.0,
            "latency": 0.2,
            "propensity": 0.5,
            "source": "user",
        }
        for n in range(20)
    ]


def write(path: Path, log: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in log))
    return path


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("propensity", 0.0, "row 4: propensity: must be in (0, 1], in every row or in none, got 0"),
        ("propensity", 1.2, "row 4: propensity: must be in (0, 1], in every row or in none, got"),
        ("propensity", None, "row 4: propensity: must be in (0, 1], in every row or in none, got"),
        ("satisfied", 1.5, "row 4: satisfied: must be in [0, 1] or missing, got 1.5"),
        ("satisfied", -0.1, "row 4: satisfied: must be in [0, 1] or missing, got -0.1"),
        ("satisfied", "good", "row 4: satisfied: must be a number or missing, got 'good'"),
        ("cost", -1.0, "row 4: cost: must be >= 0 or missing, got -1"),
        ("cost", "1 EUR", "row 4: cost: must be a number or missing, got '1 EUR'"),
        ("latency", -2.0, "row 4: latency: must be >= 0 or missing, got -2"),
        ("model", None, "row 4: model: must be a name, got None"),
        ("model", 7, "row 4: model: must be a name, got 7"),
        ("prompt", None, "row 4: prompt: must be text or messages, got none"),
        ("id", "r0", "row 4: id: must be distinct, and row 1 has it as well, got 'r0'"),
        ("time", 50.0, "row 4: time: must not be before that of an earlier row: sort the log, got"),
        ("time", "yesterday", "row 4: time: must be seconds or an ISO 8601 time, got 'yesterday'"),
    ],
)
def test_values(tmp_path: Path, column: str, value: object, message: str) -> None:
    log = rows()
    log[3][column] = value
    path = write(tmp_path / "log.jsonl", log)
    with pytest.raises(InputError) as error:
        messplus.evaluate(path)
    assert str(error.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("column", ["model", "satisfied", "cost", "prompt"])
def test_missing_columns(tmp_path: Path, column: str) -> None:
    log = [{name: row[name] for name in row if name != column} for row in rows()]
    path = write(tmp_path / "log.jsonl", log)
    with pytest.raises(InputError, match=f"must have a column '{column}'.*got '") as error:
        messplus.evaluate(path)
    assert str(error.value).startswith(f"{path}: ")


def test_a_model_that_is_not_in_the_zoo() -> None:
    log = rows()
    log[6]["model"] = "huge"
    with pytest.raises(InputError, match=r"row 7: model: must be one of .*, got 'huge'"):
        messplus.evaluate(log, models=["small", "large"])


@pytest.mark.parametrize("zoo", [["small"], ["small", "small"]])
def test_a_zoo_without_choice(zoo: list[str]) -> None:
    with pytest.raises(InputError, match="models: must be two distinct names or more, got"):
        messplus.evaluate(rows(), models=zoo)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "small"}, "answers of two models or more.*got 'small' in all 20 rows"),
        ({"satisfied": None}, "must have ratings of anyone, got none"),
        ({"cost": None}, "must have a cost in some row, got none"),
    ],
)
def test_logs_that_tell_nothing(tmp_path: Path, change: Row, message: str) -> None:
    path = write(tmp_path / "log.jsonl", [{**row, **change} for row in rows()])
    with pytest.raises(InputError, match=message) as error:
        messplus.evaluate(path)
    assert str(error.value).startswith(f"{path}: ")


def test_an_empty_log(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("model,satisfied,cost,prompt\n")
    with pytest.raises(InputError, match="must have at least one row, got none"):
        messplus.evaluate(path)


def test_a_source_that_gave_no_rating() -> None:
    with pytest.raises(InputError, match=r"trust: must be one of \['user'\], got 'audit'"):
        messplus.evaluate(rows(), trust=["audit"])


def test_features_of_different_widths() -> None:
    log = [{**row, "features": [1.0, 2.0]} for row in rows()]
    for row in log:
        del row["prompt"]
    log[2]["features"] = [1.0]
    with pytest.raises(InputError, match="row 3: features: must be 2 numbers, got 1"):
        messplus.evaluate(log)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": [0.0]}, r"target: must be in \(0, 1\], got 0.0"),
        ({"targets": [0.8, 0.8]}, "target: must be distinct numbers"),
        ({"policies": ["default"]}, "target: needed by default, got none"),
        ({"policies": []}, "policies: must be distinct names, got none"),
        ({"policies": ["single:huge"]}, "single:<model> must be one of large, small, got 'huge'"),
        ({"policies": ["clever"]}, "policy: must be one of .*, got 'clever'"),
        ({"worlds": 1}, "worlds: must be at least 2, got 1"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        messplus.evaluate(rows(), **arguments)


def test_the_command_says_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = rows()
    log[0]["satisfied"] = 3
    path = write(tmp_path / "log.jsonl", log)
    assert main(["evaluate", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"messplus evaluate: {path}: row 1: satisfied: must be in [0, 1] or missing, got 3\n"
    )

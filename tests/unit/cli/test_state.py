"""``messplus state``: what it prints and writes, and its exit codes."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, Model, Router
from messplus.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    models = [Model("small", cost=0.2), Model("large", cost=3.0)]
    with Router.open(path, models, SLA(0.9)) as router:
        for index in range(10):
            decision = router.select(f"prompt {index}", allowed=["small"])
            router.feedback(decision, satisfied=True, cost=0.5)
        router.checkpoint()
        router.feedback(router.select("last"), satisfied={"large": False}, latency={"large": 2.0})
    return path


def test_inspect_tells_what_was_done(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["state", "inspect", str(state), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["report"]["decisions"] == 11
    # A decision and a rating each, and the minutes in which they came.
    assert found["recovery"].pop("transitions") in (23, 24)
    assert found["recovery"] == {"replayed": 0, "torn_bytes": 0, "notes": []}
    assert main(["state", "inspect", str(state)]) == 0
    text = capsys.readouterr().out
    assert "sla default: 90.9 % satisfied, 90.0 % agreed (learning)" in text
    assert "11 of 11 requests rated" in text


def test_verify_notices_damage(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["state", "verify", str(state)]) == 0
    assert capsys.readouterr().out.count("sound") == 4
    newest = max(state.glob("snapshot-*"))
    damaged = bytearray(newest.read_bytes())
    damaged[200] ^= 1
    newest.write_bytes(damaged)
    assert main(["state", "verify", str(state)]) == 1
    assert "must match its checksum" in capsys.readouterr().out


def test_verify_notices_a_state_that_does_not_follow(state: Path, tmp_path: Path) -> None:
    models = [Model("small", cost=0.2), Model("large", cost=3.0)]
    with Router.open(tmp_path / "other", models, SLA(0.9), seed=1) as other:
        for _ in range(11):
            other.feedback(other.select("x"), satisfied={"large": True})
        other.checkpoint()
    generation = max(state.glob("snapshot-*")).name
    foreign = max((tmp_path / "other").glob("snapshot-*"))
    (state / generation).write_bytes(foreign.read_bytes())
    assert main(["state", "verify", str(state)]) == 1


def test_export_in_three_formats(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["state", "export", str(state)]) == 0
    tables = json.loads(capsys.readouterr().out)
    assert tables["models"][0]["selected"] >= 10
    (outcome,) = tables["outcomes"]
    assert (outcome["model"], outcome["satisfied"], outcome["latency"]) == ("large", 0.0, 2.0)
    out = tmp_path / "outcomes.csv"
    assert main(["state", "export", str(state), "--format", "csv", "--out", str(out)]) == 0
    (row,) = csv.DictReader(out.read_text().splitlines())
    assert row["id"] == outcome["id"]
    base = str(tmp_path / "base.sqlite")
    assert main(["state", "export", str(state), "--format", "sqlite", "--out", base]) == 0
    with closing(sqlite3.connect(base)) as database:
        assert database.execute("select sum(satisfied) from outcomes").fetchall() == [(0.0,)]
    assert main(["state", "export", str(state), "--format", "sqlite", "--out", base]) == 2


def test_a_spreadsheet_runs_nothing_of_an_export(tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://example.com","x")'
    names = [formula, "+1", "-1", "@SUM(1)", "plain"]
    state, out = tmp_path / "state", tmp_path / "out.csv"
    with Router.open(state, [Model(name, cost=1.0) for name in names], SLA(0.9)) as router:
        router.feedback(router.select("x", allowed=[formula]), satisfied={formula: True})
    for table, column in (("models", "model"), ("outcomes", "model"), ("decisions", "allowed")):
        export = ["state", "export", str(state), "--format", "csv", "--table", table]
        assert main([*export, "--out", str(out)]) == 0
        cells = [row[column] for row in csv.DictReader(out.read_text().splitlines())]
        assert f"'{formula}" in cells
        assert not [cell for cell in cells if cell[:1] in set("=+-@")]


def test_a_folder_without_a_router_is_an_error(tmp_path: Path) -> None:
    assert main(["state", "inspect", str(tmp_path)]) == 2
    assert main(["state", "verify", str(tmp_path)]) == 1

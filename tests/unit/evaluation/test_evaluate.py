"""What policies would have cost and satisfied, from a log with one answer per request."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

import messplus
from messplus.cli import main

if TYPE_CHECKING:
    from pathlib import Path

TRUTH = {"single:small": (0.70, 0.1), "single:large": (0.91, 1.0)}


def write_log(path: Path, n: int, seed: int, small: float = 0.5) -> Path:
    """Hard prompts and easy ones, answered by one of two models, half of them rated."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as lines:
        for index in range(n):
            hard = chance.random() < 0.4
            model = "small" if chance.random() < small else "large"
            p = 0.9 - 0.5 * hard if model == "small" else 0.95 - 0.1 * hard
            text = "prove the theorem step by step" if hard else "say hello to"
            row: dict[str, object] = {
                "prompt": f"{text} {index}",
                "model": model,
                "cost": 0.1 if model == "small" else 1.0,
                "propensity": small if model == "small" else 1 - small,
            }
            if chance.random() < 0.5:
                row["satisfied"] = int(chance.random() < p)
            lines.write(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize("seed", range(3))
def test_fixed_policies_are_estimated_near_their_truth(tmp_path: Path, seed: int) -> None:
    log = write_log(tmp_path / "log.jsonl", 3000, seed)
    out = tmp_path / "out.json"
    fixed = [word for policy in TRUTH for word in ("--policy", policy)]
    assert main(["evaluate", str(log), *fixed, "--json", str(out)]) == 0
    rows = {row["policy"]: row for row in json.loads(out.read_text())["rows"]}
    for policy, (satisfaction, cost) in TRUTH.items():
        row = rows[policy]
        assert row["target"] is None
        assert abs(row["satisfaction"]["estimate"] - satisfaction) < 0.06
        assert row["satisfaction"]["low"] < satisfaction + 0.02
        assert row["satisfaction"]["high"] > satisfaction - 0.02
        assert row["cost"]["estimate"] == pytest.approx(cost, rel=0.03)
        assert not row["warned"]


def test_what_was_never_tried_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path / "log.jsonl", 600, 1, small=0.0)
    assert main(["evaluate", str(log), "--policy", "single:small"]) != 0
    assert "two models or more" in capsys.readouterr().err


def test_it_is_offered_in_python() -> None:
    assert callable(messplus.evaluate)

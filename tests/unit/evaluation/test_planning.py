"""How many more ratings a log needs."""

from __future__ import annotations

import json
import random
from math import sqrt
from typing import TYPE_CHECKING, Any

import pytest

import messplus
from messplus.cli import main
from messplus.evaluation.planning import ModelPlan, plan
from messplus.exceptions import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]


def log(n: int, rated: float, large: float = 0.5, seed: int = 0) -> list[Row]:
    """Coins: 0.6 of the small model, 0.9 of the large one, whatever the prompt."""
    chance = random.Random(seed)
    found: list[Row] = []
    for index in range(n):
        model = "large" if chance.random() < large else "small"
        good = chance.random() < (0.9 if model == "large" else 0.6)
        found.append(
            {
                "prompt": f"number {index}",
                "model": model,
                "cost": 10.0 if model == "large" else 1.0,
                "propensity": large if model == "large" else 1.0 - large,
                "satisfied": int(good) if chance.random() < rated else None,
            }
        )
    return found


def of(rows: list[Row], model: str, **settings: Any) -> ModelPlan:
    return next(one for one in plan(rows, **settings).models if one.model == model)


def test_the_arithmetic_is_that_of_coins() -> None:
    one = of(log(4000, 0.1), "small", precision=0.03)
    assert one.ratings == pytest.approx(200, rel=0.15)
    assert one.half_width == pytest.approx(1.96 * sqrt(0.24 / one.ratings), rel=0.1)
    assert one.needed == pytest.approx((1.96 / 0.03) ** 2 * 0.24 - one.ratings, rel=0.15)
    # 1,800 answers of the small model have no rating: more than are needed.
    assert one.explored == 0
    assert one.audits == one.needed
    assert one.after_trials == pytest.approx(1.96 * sqrt(0.24 / (one.ratings + 100)), rel=0.1)
    assert one.trials_cost == pytest.approx(100.0, rel=0.05)


def test_what_was_planned_is_what_it_takes() -> None:
    """A log with as many ratings as were asked for is as precise as was asked for."""
    one = of(log(6000, 0.05), "small", precision=0.03)
    assert one.needed is not None
    share = (one.ratings + one.needed) / 3000
    later = messplus.evaluate(log(6000, share, seed=1), policies=["single:small"]).rows[-1]
    width = (later.satisfaction.high or 0.0) - (later.satisfaction.low or 0.0)
    assert width / 2.0 == pytest.approx(0.03, rel=0.1)


def test_a_model_that_was_hardly_called_must_be_asked() -> None:
    one = of(log(3000, 1.0, large=0.03), "large", precision=0.02, rating_cost=0.5)
    assert one.audits == 0
    assert one.explored == one.needed
    assert one.cost == pytest.approx(one.explored * 10.5, rel=0.05)


def test_what_is_known_needs_nothing() -> None:
    one = of(log(3000, 1.0), "large", precision=0.1)
    assert (one.needed, one.audits, one.explored, one.cost) == (0, 0, 0, 0.0)


def test_a_target_tells_whose_trials_are_worth_most() -> None:
    found = {one.model: one for one in plan(log(4000, 0.05, large=0.1), target=0.8).models}
    before = found["large"].target_half_width
    assert before is not None
    assert found["small"].target_half_width == before
    gained = {name: before - (one.target_after_trials or 0.0) for name, one in found.items()}
    # There are about 20 ratings of the large model, and 180 of the small one.
    assert gained["large"] > gained["small"] > 0.0


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "log.jsonl", tmp_path / "plan.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in log(1000, 0.2)))
    asked = ["plan", str(path), "--points", "3", "--target", "0.8", "--json", str(out)]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "until every model's satisfaction is known within 3 points" in said
    assert "cost at 0.8: known to" in said
    models = {one["model"]: one for one in json.loads(out.read_text())["models"]}
    assert set(models) == {"large", "small"}
    assert models["small"]["needed"] > models["large"]["needed"] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": 0.0}, r"precision: must be in \(0, 1\], got 0.0"),
        ({"target": 1.5}, r"target: must be in \(0, 1\], got 1.5"),
        ({"rating_cost": -1.0}, "rating_cost: must be >= 0, got -1.0"),
    ],
)
def test_numbers_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(log(10, 1.0), **settings)

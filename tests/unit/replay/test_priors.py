import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from messplus import TokenPrice
from messplus.cli import main
from messplus.exceptions import ConfigError
from messplus.prices import read_prices
from messplus.replay import Hindsight, Priors, Problem, Run, Table, replay
from messplus.replay.policies import parse_policy
from messplus.replay.run import run
from messplus.replay.streams import arrivals

PRICES = {"small": TokenPrice(1.0, 1.0, 10), "large": TokenPrice(9.0, 9.0, 10)}


def replayed(table: Table, priors: Priors, policy: str = "default", seed: int = 0) -> Run:
    features = np.array([[len(prompt) / 10] for prompt in table.prompts], dtype=np.float32)
    problem = Problem(table, features, 0.8, Hindsight(table, features).at(0.8), priors=priors)
    return run(problem, parse_policy(policy, table), seed)


@pytest.mark.parametrize("policy", ["default", "paper", "random"])
def test_logged_data_is_not_replayed(table: Table, policy: str) -> None:
    priors = Priors(warm_start=100)
    trace = replayed(table, priors, policy)
    past = priors.logged_data(table, 0)
    assert not np.isnan(table.scores[past.rows, past.models]).any()
    order = arrivals(table, "shuffle", 0)
    rest = order[~np.isin(order, past.rows)]
    assert len(rest) == 200
    np.testing.assert_array_equal(trace.satisfaction, table.scores[rest, trace.model])


def test_what_is_told_makes_a_difference(table: Table) -> None:
    plain = replayed(table, Priors())
    told = [
        Priors(prices="none"),
        Priors(prices=PRICES),
        Priors(quality="auto"),
        Priors(warm_start=50),
    ]
    for priors in told:
        found = replayed(table, priors)
        assert found.model.tolist() != plain.model.tolist()
        assert found.model.tolist() == replayed(table, priors).model.tolist()


def test_the_zoo_is_told_of_as_asked(table: Table) -> None:
    small, large = Priors(prices="none", quality="auto").models(table)
    assert (small.cost, large.cost) == (0.0, 0.0)
    assert [small.quality, large.quality] == pytest.approx(table.mean_score)
    assert [model.cost for model in Priors(prices=PRICES).models(table)] == list(PRICES.values())
    perfect = replace(table, scores=np.ones_like(table.scores))
    assert Priors(quality="auto").models(perfect)[0].quality == pytest.approx(0.999)


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        (Priors(warm_start=300), r"warm_start: must be in \[0, 299\], got 300"),
        (Priors(warm_start=-1), r"warm_start: must be in \[0, 299\], got -1"),
        (Priors(prices={"small": PRICES["small"]}), "prices: must have .*, not 'large'"),
    ],
)
def test_bad_priors_are_refused(table: Table, priors: Priors, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replayed(table, priors)


def test_prices_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"small": {"input": 1, "output": 2, "output_tokens": 3}}')
    assert read_prices(file) == {"small": TokenPrice(1, 2, 3)}
    for bad in ("[]", "{", '{"small": {"input": 1}}', '{"small": 3}'):
        file.write_text(bad)
        with pytest.raises(ConfigError, match="must be JSON of the parameters of a TokenPrice"):
            read_prices(file)


@pytest.mark.usefixtures("cache")
def test_the_first_requests_are_accounted_for(table: Table) -> None:
    result = replay(table, target=0.8, policies=["default"], seeds=2)
    early = result.to_dict()["policies"]["default"]["early"]
    runs = result.policies[0].runs
    assert early["500"]["mean_cost"] == pytest.approx(np.mean([one.cost.mean() for one in runs]))
    cost, satisfaction = result.policies[0].early(100)
    assert cost == pytest.approx(np.mean([one.cost[:100].mean() for one in runs]))
    assert satisfaction == pytest.approx(np.mean([one.satisfaction[:100].mean() for one in runs]))


@pytest.mark.usefixtures("cache")
def test_the_command_takes_priors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "outcomes.csv"
    rows = "".join(f"question {n},{n % 2},1,1,9\n" for n in range(100))
    file.write_text("prompt,score:small,cost:small,score:large,cost:large\n" + rows)
    prices = tmp_path / "prices.json"
    prices.write_text(
        json.dumps({name: {"input": 1, "output": 2, "output_tokens": 3} for name in PRICES})
    )
    out = tmp_path / "out.json"
    common = ["replay", str(file), "--target", "0.7", "--policy", "default", "--json", str(out)]
    told = ["--prices", str(prices), "--quality", "auto", "--warm-start", "20"]
    assert main([*common, *told]) == 0
    assert "first 500" in capsys.readouterr().out
    warm = json.loads(out.read_text())["policies"]["default"]
    assert main(common) == 0
    assert json.loads(out.read_text())["policies"]["default"]["mean_cost"] != warm["mean_cost"]
    assert main([*common, "--prices", str(tmp_path / "missing.json")]) == 2

import json
from pathlib import Path

import pytest

from messplus.cli import main
from messplus.offload.published import CONFIGURATIONS

KEYS = {
    "response",
    "latency",
    "usage",
    "reward",
    "latency_violation",
    "usage_violation",
    "reward_sd",
}


def test_published_rows_are_complete() -> None:
    assert len(CONFIGURATIONS) == 7
    for config in CONFIGURATIONS:
        assert set(config.rows) == {"local", "cloud", "random", "a2c", "rc-a2c"}
        # Latency of Cloud: 0.5 s and 1.5 s per upload, half of the modalities on average, over
        # the last six turns at most.
        expected = min(config.turns, 6) * (0.5 + 0.75 * config.modalities)
        assert config.rows["cloud"].latency == pytest.approx(expected, rel=0.01)


def test_bench_writes_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESSPLUS_DATA", raising=False)
    out, picture = tmp_path / "out.json", tmp_path / "out.svg"
    arguments = ["offload", "bench", "--configs", "Small,Long History", "--seeds", "2"]
    arguments += ["--dialogues", "300", "--steps", "500", "--json", str(out)]
    assert main([*arguments, "--plot", str(picture)]) == 0
    text = capsys.readouterr().out
    results = json.loads(out.read_text())
    assert [config["name"] for config in results["configs"]] == ["Small", "Long History"]
    for config in results["configs"]:
        assert config["name"] in text
        assert f"{config['best_reachable_reward']:.4f}" in text
        agents = config["agents"]
        assert {"local", "cloud", "random", "a2c", "rc-a2c", "default"} <= set(agents)
        for row in agents.values():
            assert set(row) >= KEYS
            assert (
                0 < row["true_reward"] <= config["best_reachable_reward"] or row["violation_rate"]
            )
        for name in ("rc-a2c", "default"):
            assert agents[name]["violation_rate"] == 0.0
            assert agents[name]["latency_violation"] == agents[name]["usage_violation"] == 0.0
        budgets = [(budget["latency"], budget["usage"]) for budget in config["budgets"]]
        assert budgets == [(30.0, 50.0), (15.0, 25.0), (8.0, 10.0), (3.0, 5.0)]
        for budget in config["budgets"]:
            assert budget["agents"]["default"]["violation_rate"] == 0.0
    # The published totals stop at six turns; complete ones do not.
    cloud = results["configs"][1]["agents"]["cloud"]
    assert cloud["total_latency"] == pytest.approx(cloud["latency"] * 10 / 6, rel=0.03)
    assert picture.read_text().startswith("<?xml")


def test_runs_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    outputs = []
    for jobs in ("1", "2"):
        out = tmp_path / f"{jobs}.json"
        arguments = ["offload", "bench", "--configs", "Small", "--agents", "a2c,default"]
        arguments += ["--seeds", "2", "--dialogues", "200", "--steps", "400", "--jobs", jobs]
        assert main([*arguments, "--json", str(out)]) == 0
        agents = json.loads(out.read_text())["configs"][0]["agents"]
        outputs.append({name: row["reward"] for name, row in agents.items()})
    assert outputs[0] == outputs[1]


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["offload", "bench", "--configs", "Huge"]) == 2
    assert "'Huge'" in capsys.readouterr().err
    assert main(["offload", "bench", "--agents", "sarsa"]) == 2
    assert "'sarsa'" in capsys.readouterr().err

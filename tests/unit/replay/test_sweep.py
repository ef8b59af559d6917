import json
from pathlib import Path

import pytest

from messplus.cli import main
from messplus.cli._targets import targets as read_targets
from messplus.exceptions import ConfigError
from messplus.replay import Table, replay, sweep

pytestmark = pytest.mark.usefixtures("cache")

POLICIES = ["paper,v=0.05", "static-mix"]


def test_a_sweep_is_a_replay_per_target(table: Table) -> None:
    targets = [0.6, 0.8]
    swept = sweep(table, targets=targets, policies=POLICIES, seeds=2).to_dict()
    assert swept["target"] == targets
    for place, target in enumerate(targets):
        alone = replay(table, target=target, policies=POLICIES, seeds=2).to_dict()
        assert {name: costs[place] for name, costs in swept["bounds"].items()} == alone["bounds"]
        for name in POLICIES:
            found, expected = swept["policies"][name][place], alone["policies"][name]
            for field in ("mean_cost", "satisfaction", "final_backlog", "share"):
                assert found[field] == expected[field]


def test_the_number_of_threads_changes_nothing(table: Table) -> None:
    def summary(workers: int) -> str:
        found = sweep(table, targets=[0.6, 0.7, 0.8], policies=POLICIES, workers=workers).to_dict()
        for rows in found["policies"].values():
            for row in rows:
                del row["core_us_per_step"], row["seeds"]
        return json.dumps(found)

    assert summary(1) == summary(4)


@pytest.mark.parametrize(
    ("targets", "message"), [([], "targets"), ([0.7, 0.7], "distinct"), ([0.7, 1.2], "target")]
)
def test_bad_targets_are_refused(table: Table, targets: list[float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sweep(table, targets=targets, policies=["random"])


def test_an_error_in_a_thread_is_raised(table: Table) -> None:
    with pytest.raises(ConfigError, match="lr"):
        sweep(table, targets=[0.7, 0.8], policies=["paper,lr=-1"])


def test_targets_are_a_list_or_a_grid() -> None:
    assert read_targets("0.7,0.9") == [0.7, 0.9]
    assert read_targets("0.6:0.75:0.05") == [0.6, 0.65, 0.7, 0.75]
    assert read_targets("0.6:0.6:0.1") == [0.6]


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out, plot = tmp_path / "t.csv", tmp_path / "out.json", tmp_path / "out.png"
    rows = "".join(f"question {n},{n % 2},1,1,5\n" for n in range(40))
    path.write_text("prompt,score:s,cost:s,score:l,cost:l\n" + rows)
    arguments = ["sweep", str(path), "--targets", "0.5:0.9:0.2", "--policy", "random"]
    assert main([*arguments, "--json", str(out), "--plot", str(plot)]) == 0
    assert capsys.readouterr().out.count("random") == 3
    assert json.loads(out.read_text())["target"] == [0.5, 0.7, 0.9]
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("targets", ["x", "0.9:0.5:0.1", "0.5:0.9:0", "0.5:0.9"])
def test_a_bad_grid_is_bad_usage(targets: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["sweep", "t.csv", "--targets", targets])
    assert caught.value.code == 2

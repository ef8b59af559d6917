from pathlib import Path

import numpy as np
import pytest

from messplus import Policy, exceptions
from messplus.cli import main
from messplus.demo.prompts import STYLES, write_prompts
from messplus.demo.published import BENCHMARKS, MODELS, Benchmark
from messplus.demo.render import render
from messplus.demo.route import best_model, one_model, route, static_mix
from messplus.demo.run import run_demo
from messplus.demo.zoo import calibrate, simulate
from messplus.featurizers import StaticFeaturizer


@pytest.mark.parametrize("mean", [0.05, 0.5, 0.971])
def test_calibration_meets_the_mean_and_falls_with_difficulty(mean: float) -> None:
    difficulty = np.array([0.0, 0.25, 0.5, 0.5, 1.0])
    probabilities = calibrate(difficulty, mean)
    assert probabilities.mean() == pytest.approx(mean, abs=1e-9)
    assert (np.diff(probabilities) <= 0).all()


@pytest.mark.parametrize("published", BENCHMARKS, ids=[b.name for b in BENCHMARKS])
def test_traffic_has_the_published_means(published: Benchmark) -> None:
    traffic = simulate(published, 4000, seed=0)
    np.testing.assert_allclose(traffic.energy_j.mean(axis=0), published.energy_j)
    # Four standard errors of a mean of 4,000 draws are at most 0.032.
    np.testing.assert_allclose(traffic.satisfied.mean(axis=0), published.satisfaction, atol=0.032)


@pytest.mark.parametrize("name", STYLES)
def test_the_words_carry_the_difficulty(name: str) -> None:
    _, _, hard = STYLES[name].words
    prompts = write_prompts(name, 300, np.random.default_rng(0))
    assert len({prompt.text for prompt in prompts}) > 100
    assert all("{" not in prompt.text for prompt in prompts)
    for prompt in prompts:
        if prompt.difficulty == 0.0:
            assert not any(word in prompt.text for word in hard)
        if prompt.difficulty == 1.0:
            assert any(word in prompt.text for word in hard)
    assert len({prompt.difficulty for prompt in prompts}) >= 3


def test_a_router_serves_what_its_feedback_says() -> None:
    traffic = simulate(BENCHMARKS[0], 300, seed=1)
    notes: list[str] = []
    outcome = route(
        traffic, Policy.paper(), StaticFeaturizer(), lambda _, note: notes.append(note), seed=1
    )
    assert len(outcome.running) == 300
    assert outcome.running[-1] == pytest.approx(outcome.satisfaction)
    assert sum(outcome.share) == pytest.approx(1.0)
    cheapest, most_expensive = one_model(traffic, 0), one_model(traffic, len(MODELS) - 1)
    assert cheapest.energy_mj < outcome.energy_mj
    assert outcome.energy_mj < most_expensive.energy_mj + cheapest.energy_mj
    assert len(notes) == 3
    assert "of 50% agreed" in notes[-1]


def test_alternatives_known_in_hindsight() -> None:
    traffic = simulate(BENCHMARKS[0], 2000, seed=0)
    mix, best = static_mix(traffic), best_model(traffic)
    assert mix is not None
    assert best is not None
    assert mix.satisfaction == pytest.approx(0.5)
    assert mix.energy_mj < best.energy_mj
    assert best.satisfaction >= 0.5


def test_the_table_has_a_row_per_benchmark_and_their_mean() -> None:
    text = render(run_demo(160))
    lines = text.splitlines()
    for benchmark in BENCHMARKS:
        assert sum(line.startswith(benchmark.name + " ") for line in lines) == 2
    assert sum(line.startswith("mean ") for line in lines) == 1


def test_demo_says_that_it_is_simulated_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "new" / "demo.png"
    assert main(["demo", "--requests", "80", "--plot", str(plot)]) == 0
    assert "A simulated zoo: no language model runs here" in capsys.readouterr().out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_demo_works_without_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(package: str, extra: str) -> None:
        raise exceptions.MissingDependencyError(f"{package} of {extra} is not installed")

    monkeypatch.setattr("messplus.reports._figure.require", missing)
    assert main(["demo", "--requests", "80", "--plot", str(tmp_path / "demo.png")]) == 0
    assert "no plot: matplotlib of plot is not installed" in capsys.readouterr().err
    assert not (tmp_path / "demo.png").exists()

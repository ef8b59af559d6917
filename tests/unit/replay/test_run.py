import numpy as np
import pytest

from messplus.exceptions import ConfigError
from messplus.replay import Hindsight, Problem, Run, Table
from messplus.replay.baselines import backlog
from messplus.replay.policies import parse_policy
from messplus.replay.run import run
from messplus.replay.streams import arrivals


def problem(table: Table, rate: float = 1.0, delay: int = 0) -> Problem:
    features = np.array([[len(prompt) / 10] for prompt in table.prompts], dtype=np.float32)
    bounds = Hindsight(table, features).at(0.8)
    return Problem(table, features, 0.8, bounds, "shuffle", rate, delay)


def replayed(table: Table, policy: str, seed: int = 0, *, rate: float = 1.0, delay: int = 0) -> Run:
    return run(problem(table, rate, delay), parse_policy(policy, table), seed)


POLICIES = ["paper,v=0.05", "blind:paper,v=0.05", "single:small", "random", "static-mix"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_run_reports_the_recorded_outcomes(table: Table, policy: str) -> None:
    trace = replayed(table, policy)
    order = arrivals(table, "shuffle", 0)
    np.testing.assert_array_equal(trace.satisfaction, table.scores[order, trace.model])
    assert not np.isnan(trace.satisfaction).any()
    plain = ~trace.explored
    np.testing.assert_array_equal(trace.cost[plain], table.costs[order, trace.model][plain])
    # Exploration queries every usable model and pays for all of them.
    every = np.nansum(table.costs[order], axis=1)
    np.testing.assert_allclose(trace.cost[trace.explored], every[trace.explored])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_the_backlog_follows_the_rated_requests(table: Table, policy: str, rate: float) -> None:
    from messplus.replay.streams import ratings

    trace = replayed(table, policy, rate=rate)
    queue = 0.0
    for satisfaction, rated, found in zip(
        trace.satisfaction, ratings(300, rate, 0), trace.backlog, strict=True
    ):
        queue = max(0.0, queue + 0.8 - satisfaction) if rated else queue
        assert found == pytest.approx(queue, abs=1e-9)
    assert trace.final_backlog == pytest.approx(queue, abs=1e-9)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_same_seed_gives_the_same_run(table: Table, policy: str) -> None:
    first, again = replayed(table, policy, seed=3), replayed(table, policy, seed=3)
    for name in ("model", "satisfaction", "cost", "explored", "backlog"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.model.tolist() != replayed(table, policy, seed=4).model.tolist()


def test_late_ratings_are_all_delivered(table: Table) -> None:
    late = replayed(table, "paper,v=0.05", delay=1000)
    assert not late.backlog.any()
    assert late.final_backlog > 0
    # Nobody learned anything in time, so the cheapest usable model served.
    order = arrivals(table, "shuffle", 0)
    plain = ~late.explored
    cheapest = np.isnan(table.scores[order, 0]).astype(int)
    np.testing.assert_array_equal(late.model[plain], cheapest[plain])


def test_a_baseline_without_its_model_serves_with_another(table: Table) -> None:
    trace = replayed(table, "single:small")
    missing = np.isnan(table.scores[arrivals(table, "shuffle", 0), 0])
    np.testing.assert_array_equal(trace.model, missing.astype(int))


def test_static_mix_meets_the_target_over_complete_rows(table: Table) -> None:
    spec = problem(table)
    assert spec.bounds.mix is not None
    rates = [
        run(spec, parse_policy("static-mix", table), seed).satisfaction[
            table.complete[arrivals(table, "shuffle", seed)]
        ]
        for seed in range(40)
    ]
    assert np.mean(rates) == pytest.approx(0.8, abs=0.01)


def test_backlog_by_hand() -> None:
    satisfaction = np.array([0.0, 1.0, 1.0, 0.0, 0.0])
    rated = np.array([True, True, True, True, False])
    expected = [0.5, 0.0, 0.0, 0.5, 0.5]
    assert backlog(satisfaction, rated, 0.5).tolist() == pytest.approx(expected)


def test_progress_counts_requests_and_can_stop_the_run(table: Table) -> None:
    seen: list[int] = []
    run(problem(table), parse_policy("paper", table), 0, seen.append)
    assert seen[-1] == 300

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(problem(table), parse_policy("paper", table), 0, stop)


@pytest.mark.parametrize(
    ("rate", "delay", "message"), [(-0.1, 0, "feedback_rate"), (1.0, -1, "feedback_delay")]
)
@pytest.mark.parametrize("policy", ["paper", "random"])
def test_bad_settings_are_refused(
    table: Table, policy: str, rate: float, delay: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        replayed(table, policy, rate=rate, delay=delay)


def test_settings_of_the_policy_are_checked_by_the_core(table: Table) -> None:
    with pytest.raises(ConfigError, match="lr"):
        replayed(table, "paper,lr=-1")

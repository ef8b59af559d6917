"""Learned agents, the evaluation, and the environment from Python."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from messplus._core import OffloadEnv as NativeEnv
from messplus.exceptions import FeedbackError, InputError, MissingDependencyError, StateError
from messplus.offload import (
    UNLIMITED,
    Agent,
    Budget,
    CostTable,
    KnnEstimator,
    OffloadRouter,
    best_reachable_reward,
    evaluate,
    generate,
    train,
)

DATA = generate(2, 2, 3, dialogues=400, seed=5)
ESTIMATOR = KnnEstimator(DATA)
COSTS = CostTable.synthetic(2)
BUDGET = Budget(latency=6.0, cost=0.01)


def test_a_saved_agent_is_the_same_agent(tmp_path: Path) -> None:
    agent = train("a2c", DATA, ESTIMATOR, COSTS, steps=2000, seed=3, constraint="mask")
    path = tmp_path / "agent.bin"
    agent.save(path)
    loaded = Agent.load(path)
    assert loaded.algorithm == "a2c"
    results = [evaluate(a, DATA, ESTIMATOR, COSTS, BUDGET, masked=True) for a in (agent, loaded)]
    assert results[0] == results[1]
    assert results[0].violation_rate == 0.0
    assert [item.name for item in tmp_path.iterdir()] == ["agent.bin"]


def test_damaged_policy_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.bin"
    train("dqn", DATA, ESTIMATOR, COSTS, steps=600).save(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StateError, match=r"agent\.bin"):
        Agent.load(path)


def test_an_agent_for_another_problem_is_refused() -> None:
    agent = train("ppo", DATA, ESTIMATOR, COSTS, steps=600)
    other = generate(2, 3, 3, dialogues=50, seed=1)
    with pytest.raises(InputError, match="trained for"):
        evaluate(agent, other, KnnEstimator(other), COSTS, BUDGET)


def test_bad_names_are_refused() -> None:
    with pytest.raises(InputError, match='"sarsa"'):
        train("sarsa", DATA, ESTIMATOR, COSTS)  # type: ignore[arg-type]
    with pytest.raises(InputError, match='"hope"'):
        train("a2c", DATA, ESTIMATOR, COSTS, constraint="hope")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="steps"):
        train("a2c", DATA, ESTIMATOR, COSTS, steps=0)
    for policy in (9, -1, "oracle"):
        with pytest.raises(InputError, match="policy"):
            evaluate(policy, DATA, ESTIMATOR, COSTS, BUDGET)  # type: ignore[arg-type]


def test_progress_is_reported_and_its_errors_end_the_training() -> None:
    seen: list[int] = []
    train("a2c", DATA, ESTIMATOR, COSTS, steps=400, progress=seen.append)
    assert seen[0] == 0
    assert seen == sorted(seen)

    def fail(done: int) -> None:
        raise RuntimeError(str(done))

    with pytest.raises(RuntimeError, match="0"):
        train("a2c", DATA, ESTIMATOR, COSTS, steps=10**9, progress=fail)


def test_fixed_policies_spend_what_the_table_says() -> None:
    text_only = evaluate(1, DATA, ESTIMATOR, COSTS, UNLIMITED, true_means=True)
    assert text_only.latency == pytest.approx(3 * 0.5)
    assert text_only.cost == pytest.approx(3 * 0.0005)
    assert text_only.levels == [0, 1200, 0, 0]
    # Mean 1 (no uploads), and the level's share of the latency and cost range.
    scaled = COSTS.latency[1] / (COSTS.latency[3] - COSTS.latency[0])
    assert text_only.true_reward == pytest.approx(1.0 - (scaled + 0.5 / 8.5) / 3, abs=2e-3)
    assert len(text_only.dialogue_reward) == 400
    assert np.mean(text_only.dialogue_reward) == pytest.approx(text_only.reward)


def test_violations_are_counted_in_full() -> None:
    everything = evaluate(4, DATA, ESTIMATOR, COSTS, Budget(10.0, 0.02))
    assert everything.violation_rate == 1.0
    assert everything.latency_excess == pytest.approx(3 * 3.5 - 10.0)
    assert everything.cost_violation == pytest.approx(3 * 0.0085 - 0.02)
    within = evaluate(4, DATA, ESTIMATOR, COSTS, Budget(3 * 3.5, 3 * 0.0085))
    assert within.violation_rate == 0.0


def test_the_default_is_close_to_the_best_reachable() -> None:
    router = OffloadRouter(DATA.space, DATA.tasks, COSTS, max_turns=3).fit(DATA)
    before = router.to_bytes()
    for budget in (BUDGET, Budget(3.0, 0.005), Budget(30.0, 0.05)):
        result = evaluate(router, DATA, ESTIMATOR, COSTS, budget, true_means=True)
        assert result.violation_rate == 0.0
        assert result.true_reward >= 0.95 * best_reachable_reward(DATA, budget)
        assert result.true_reward <= best_reachable_reward(DATA, budget) + 1e-9
    assert router.to_bytes() == before


def test_myopic_greedy_takes_the_best_turn() -> None:
    greedy = evaluate("myopic_greedy", DATA, ESTIMATOR, COSTS, UNLIMITED)
    fixed = [evaluate(a, DATA, ESTIMATOR, COSTS, UNLIMITED).reward for a in range(5)]
    assert greedy.reward > max(fixed)
    assert evaluate("myopic_greedy", DATA, ESTIMATOR, COSTS, BUDGET).violation_rate == 0.0


def environment(constraint: str) -> NativeEnv:
    return NativeEnv(
        DATA.native,
        ESTIMATOR.native,
        COSTS.as_tuple(),
        (1.0, 1 / 3, 1 / 3, 1 / 3),
        BUDGET.as_tuple(),
        False,
        constraint,
        "on_policy",
        3,
        0,
    )


def test_many_conversations_step_together() -> None:
    env = environment("mask")
    assert len(env) == 3
    for i in range(3):
        env.reset(i, i)
    steps = env.step_all([0, 1, 4])
    assert [step[3] for step in steps] == pytest.approx([COSTS.latency[n] for n in (0, 1, 3)])
    assert env.observation(2)[-2] == pytest.approx((6.0 - 3.5) / 6.0)
    assert env.action_mask(2).tolist() == [True, True, False, False, False]
    with pytest.raises(FeedbackError, match="budget"):
        env.step(2, 4)
    with pytest.raises(InputError, match="actions"):
        env.step_all([0])
    with pytest.raises(InputError, match="environment: must be below"):
        env.step(3, 0)


def test_gymnasium_environment() -> None:
    if importlib.util.find_spec("gymnasium") is None:
        with pytest.raises(MissingDependencyError, match=r"messplus\[gym\]"):
            importlib.import_module("messplus.offload.env")
        pytest.skip("gymnasium is not installed")
    from messplus.offload.env import OffloadEnv

    env = OffloadEnv(DATA, ESTIMATOR, COSTS, constraint="mask", budget=BUDGET)
    observation, info = env.reset(seed=1, options={"dialogue": 7})
    assert observation.tolist()[:-2] == DATA.observations(7)[0].tolist()
    total, done = 0.0, False
    while not done:
        action = int(np.flatnonzero(info["action_mask"])[-1])
        observation, reward, done, truncated, info = env.step(action)
        total += reward
        assert not truncated
    assert (observation == -1).all()
    assert total > 0

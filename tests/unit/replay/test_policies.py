from dataclasses import replace

import numpy as np
import pytest

from messplus import PaperPolicy, Policy
from messplus.exceptions import ConfigError
from messplus.policy_names import Learner
from messplus.replay import Bounds, Table
from messplus.replay.policies import Baseline, parse_policy

NO_BOUNDS = Bounds(None, None, None, None, 0, None, None)


def test_paper_with_settings(table: Table) -> None:
    policy = parse_policy("paper,v=0.5,c=0.2,lr=0.05,momentum=0", table)
    expected = Policy.paper(v=0.5, c=0.2, lr=0.05, momentum=0)
    assert policy == Learner("paper,v=0.5,c=0.2,lr=0.05,momentum=0", expected, blind=False)


def test_default_with_settings(table: Table) -> None:
    policy = parse_policy("default,credit=5,forgetting=0.99", table)
    expected = Policy.default(credit=5, forgetting=0.99)
    assert policy == Learner("default,credit=5,forgetting=0.99", expected, blind=False)


def test_epsilon_greedy_with_settings(table: Table) -> None:
    policy = parse_policy("epsilon-greedy,epsilon=0.2", table)
    expected = Policy.epsilon_greedy(epsilon=0.2)
    assert policy == Learner("epsilon-greedy,epsilon=0.2", expected, blind=False)


def test_v_rel_is_relative_to_the_dearest_model(table: Table) -> None:
    policy = parse_policy("paper,v_rel=2", table)
    assert isinstance(policy, Learner)
    assert isinstance(policy.policy, PaperPolicy)
    assert policy.policy.v * table.mean_cost[1] == pytest.approx(2.0)


def test_v_rel_of_free_models_is_zero(table: Table) -> None:
    policy = parse_policy("paper,v_rel=2", replace(table, costs=np.zeros_like(table.costs)))
    assert isinstance(policy, Learner)
    assert isinstance(policy.policy, PaperPolicy)
    assert policy.policy.v == 0.0


def test_blind_is_the_same_policy_without_features(table: Table) -> None:
    seeing, blind = parse_policy("paper,v=1", table), parse_policy("blind:paper,v=1", table)
    assert isinstance(seeing, Learner)
    assert isinstance(blind, Learner)
    assert (blind.policy, blind.blind, seeing.blind) == (seeing.policy, True, False)


@pytest.mark.parametrize(
    ("name", "weights"),
    [("single:large", [0, 1]), ("random", [0.5, 0.5]), ("static-mix", [0, 1])],
)
def test_baselines_weigh_the_models(table: Table, name: str, weights: list[float]) -> None:
    policy = parse_policy(name, table)
    assert isinstance(policy, Baseline)
    np.testing.assert_array_equal(policy.weights(NO_BOUNDS), weights)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("papers", "must be one of"),
        ("", "must be one of"),
        ("blind:random", "must be one of"),
        ("single:huge", "must be one of small, large, got 'huge'"),
        ("random,v=1", "random takes no settings"),
        ("paper,v", "key=number"),
        ("paper,v=cheap", "key=number"),
        ("paper,v=1,v=2", "distinct"),
        ("paper,v=1,v_rel=2", "v or v_rel, got both"),
        ("epsilon-greedy,c=1", "epsilon-greedy takes epsilon, credit, got 'c'"),
        ("paper,speed=1", "paper takes v, v_rel, c, .* got 'speed'"),
    ],
)
def test_bad_names_are_refused(table: Table, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_policy(name, table)

"""Replays of the real tables; skipped where MESSPLUS_DATA is not set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from messplus.replay import Hindsight, Problem, Table, load_table
from messplus.replay.features import policy_features
from messplus.replay.policies import parse_policy
from messplus.replay.run import run
from messplus.replay.streams import ratings

Tables = Callable[[str], Path]

CASES = {
    "messplus_qwen2": ("energy_j", 0.70, 13_528, [0.5634, 0.6487, 0.7103, 0.7461]),
    "routellm_mmlu_gsm8k": ("cost", 0.72, 15_361, [0.6772, 0.8102]),
    "paretobandit": ("cost", 0.86, 7_211, [0.7984, 0.9267, 0.9235, 0.9357]),
}


def load(tables: Tables, name: str) -> Table:
    return load_table(tables(name), cost=CASES[name][0])


@pytest.mark.parametrize("name", CASES)
def test_tables_have_the_means_their_origin_states(tables: Tables, name: str) -> None:
    table = load(tables, name)
    _, _, rows, scores = CASES[name]
    assert (len(table), table.dropped) == (rows, 0)
    found = dict(zip(np.round(table.mean_score, 4).tolist(), table.models, strict=True))
    assert sorted(found) == sorted(scores)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", CASES)
def test_replays_keep_the_law_and_the_order_of_the_bounds(tables: Tables, name: str) -> None:
    table, target = load(tables, name), CASES[name][1]
    bounds = Hindsight(table, policy_features(table)).at(target)
    assert bounds.best_single is not None
    assert bounds.static_mix is not None
    assert bounds.contextual_hindsight is not None
    assert bounds.clairvoyant is not None
    assert bounds.clairvoyant < bounds.contextual_hindsight < bounds.static_mix
    assert bounds.static_mix <= bounds.best_single
    problem = Problem(
        table, policy_features(table), target, bounds, feedback_rate=0.5, feedback_delay=100
    )
    rated = ratings(len(table), 0.5, seed=0)
    for policy in ("paper,v_rel=0.3", "blind:paper,v_rel=0.3", "random", "static-mix"):
        trace = run(problem, parse_policy(policy, table), seed=0)
        rate = trace.satisfaction[rated].mean()
        # (1/T) sum s >= alpha - Q / T, with no assumption whatever.
        assert rate >= target - trace.final_backlog / rated.sum() - 1e-9


@pytest.mark.usefixtures("cache")
def test_where_a_model_has_no_score_it_never_serves(tables: Tables) -> None:
    table = load(tables, "paretobandit")
    assert table.complete.sum() == 3_559
    bounds = Hindsight(table, policy_features(table)).at(0.86)
    assert bounds.rows == 3_559
    problem = Problem(table, policy_features(table), 0.86, bounds, stream="file")
    for policy in ("paper,v_rel=0.3", "random", "single:gemini-2.5-flash"):
        trace = run(problem, parse_policy(policy, table), seed=0)
        assert not np.isnan(table.scores[np.arange(len(table)), trace.model]).any()

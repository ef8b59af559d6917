"""What a decision says, and that nobody can change it."""

import pickle
import re

import pytest

from messplus import Decision, Policy, Router
from tests.zoo import MODELS, NAMES, always_exploring, make_router, never_exploring


def test_it_answers_everything_without_the_prompt(router: Router) -> None:
    decision = router.select("hello")
    assert isinstance(decision, Decision)
    assert re.fullmatch("[0-9a-f]{32}", decision.id)
    assert decision.step == 1
    assert decision.model == decision.ranking[0]
    assert sorted(decision.ranking) == sorted(NAMES)
    for by_model in (decision.p_satisfied, decision.expected_cost, decision.score):
        assert tuple(by_model) == NAMES
    assert all(0 < p < 1 for p in decision.p_satisfied.values())
    assert "hello" not in repr(decision)


def test_repr_names_model_reason_and_id() -> None:
    decision = make_router(never_exploring()).select("hello")
    assert repr(decision) == f"Decision(model='small', reason='warm-up', id='{decision.id}')"


def test_the_score_is_drift_plus_penalty() -> None:
    router = make_router(never_exploring(), target=0.75)
    router.feedback(router.select("owed"), satisfied=0.25)
    decision = router.select("next")
    backlog = router.report().backlog
    assert backlog == 0.5
    for name in NAMES:
        penalty, shortfall = 0.5 * decision.expected_cost[name], 0.75 - decision.p_satisfied[name]
        assert decision.score[name] == pytest.approx(penalty + backlog * shortfall, rel=1e-12)
    assert decision.ranking == tuple(sorted(NAMES, key=decision.score.__getitem__))


def test_exploring_queries_every_model_and_serves_the_dearest() -> None:
    decision = make_router(always_exploring()).select("hello")
    assert (decision.reason, decision.model) == ("explore", "large")
    assert decision.also_query == ("small", "medium")
    assert decision.ranking == ("large", "small", "medium")


def test_not_exploring_queries_nobody_else() -> None:
    assert make_router(never_exploring()).select("hello").also_query == ()


def test_ties_go_to_the_model_listed_first() -> None:
    tied = [type(MODELS[0])(name, cost=1.0) for name in ("b", "a", "c")]
    assert make_router(never_exploring(), models=tied).select("x").ranking == ("b", "a", "c")


def test_steps_count_requests(router: Router) -> None:
    assert [router.select(str(n)).step for n in range(3)] == [1, 2, 3]


def test_ids_differ_though_the_seed_is_the_same() -> None:
    ids = {make_router(seed=5).select("x").id for _ in range(50)}
    assert len(ids) == 50


@pytest.mark.parametrize("field", [name for name in dir(Decision) if not name.startswith("_")])
def test_fields_cannot_be_set(router: Router, field: str) -> None:
    decision = router.select("x")
    with pytest.raises(AttributeError):
        setattr(decision, field, getattr(decision, field))


def test_changing_a_returned_mapping_changes_no_decision(router: Router) -> None:
    decision = router.select("x")
    decision.score.clear()
    decision.p_satisfied["small"] = 2.0
    assert tuple(decision.score) == NAMES
    assert decision.p_satisfied["small"] < 1


def test_a_decision_is_made_by_routers_only() -> None:
    with pytest.raises(TypeError):
        Decision()
    decision = make_router(Policy.paper()).select("x")
    assert pickle.loads(pickle.dumps(decision)).score == decision.score

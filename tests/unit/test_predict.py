"""Predictions: what the router would say, with nothing changed by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import FeaturizerError, InputError, Model, Policy, Router
from tests.zoo import N_FEATURES, NAMES, StubFeaturizer, make_router

if TYPE_CHECKING:
    import numpy.typing as npt


def trained(policy: Policy | None = None) -> Router:
    router = make_router(policy or Policy.default(exploration=0.0))
    for n in range(60):
        decision = router.select(f"prompt {n}")
        router.feedback(decision, satisfied=n % 3 > 0, cost=1.0 + n % 2)
    return router


def test_it_foretells_the_next_decision() -> None:
    router = trained()
    arguments: dict[str, Any] = {"tags": {"task": "qa"}, "costs": {"medium": 1.5}}
    arguments["allowed"] = ["medium", "large"]
    prediction = router.predict("What now?", **arguments)
    decision = router.select("What now?", **arguments)
    assert prediction.ranking == decision.ranking
    assert (prediction.model, prediction.reason) == (decision.model, decision.reason)
    assert tuple(prediction.candidates) == NAMES
    explained = decision.explain()
    assert prediction.candidates == explained.candidates
    assert (prediction.price, prediction.cooling) == (explained.price, explained.cooling)


@pytest.mark.parametrize(
    "policy", [Policy.default(), Policy.paper(v=0.5, c=1e9), Policy.epsilon_greedy(epsilon=1.0)]
)
def test_the_ranking_is_by_score_whatever_the_policy_explores(policy: Policy) -> None:
    router = trained(policy)
    prediction = router.predict("What now?")
    scores = {name: candidate.score for name, candidate in prediction.candidates.items()}
    assert prediction.ranking == tuple(sorted(NAMES, key=scores.__getitem__))
    assert prediction.reason != "explore"


def test_neither_state_nor_report_nor_the_next_decision_changes() -> None:
    asked, silent = trained(), trained()
    before, report = asked.to_bytes(), asked.report()
    for n in range(20):
        asked.predict(f"prompt {n}", session="a")
    assert asked.to_bytes() == before
    assert asked.report() == report
    again, other = asked.select("next"), silent.select("next")
    assert (again.step, again.model, again.score) == (other.step, other.model, other.score)


def test_uncertainty_is_told_where_the_policy_has_it() -> None:
    interval = trained().predict("x").candidates["small"].interval
    assert interval is not None
    assert interval[0] < interval[1]
    assert make_router().predict("x").candidates["small"].interval is None


def test_a_model_whose_calls_fail_comes_last() -> None:
    router = make_router(Policy.default())
    first = router.select("x")
    router.failed(first, kind="rate_limit", retry_after=3600)
    prediction = router.predict("x")
    assert prediction.cooling == (first.model,)
    assert prediction.ranking[-1] == first.model


def test_ready_features_and_tokens_are_taken() -> None:
    router = make_router(Policy.default())
    features = np.ones(N_FEATURES, np.float32)
    assert router.predict(features=features, input_tokens=9).model in NAMES


def test_bad_arguments_are_refused_as_by_select() -> None:
    router = make_router()
    with pytest.raises(InputError, match="prompt: needed"):
        router.predict()
    with pytest.raises(InputError, match="allowed"):
        router.predict("x", allowed=["none"])
    with pytest.raises(InputError, match="sla"):
        router.predict("x", sla="gold")


def test_a_featurizer_that_fails_is_heard_and_not_counted() -> None:
    class Broken(StubFeaturizer):
        def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
            raise FeaturizerError(f"no {len(prompt)}")

    router = make_router(featurizer=Broken())
    with pytest.raises(FeaturizerError):
        router.predict("x")
    assert router.report().featurizer_errors == 0


def test_a_free_model_costs_nothing_until_a_bill_comes() -> None:
    router = make_router(models=[Model("free", 0.0), Model("large", 9.0)])
    assert router.predict("x").candidates["free"].expected_cost == 0.0

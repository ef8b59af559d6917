"""Requests taken back, counted from elsewhere, named by callers, and agreements that change."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from messplus import SLA, Limit, Model, Router
from messplus.exceptions import ConfigError, FeedbackError, InputError

MODELS = [Model("small", 1.0), Model("large", 9.0)]
X = np.full(4, 0.5, np.float32)


def make(**settings: object) -> Router:
    return Router(MODELS, SLA(0.8), featurizer=_features, tag_features=0, **settings)  # type: ignore[arg-type]


def _features(_text: str) -> np.ndarray:
    return np.ones(4, np.float32)


def serve(router: Router, n: int, satisfied: float = 1.0) -> None:
    for _ in range(n):
        router.feedback(router.select("x"), satisfied=satisfied, cost=1.0)


def holds(router: Router) -> None:
    """The bound is exact: what was rated is at least the target less Q / T."""
    report = router.report()
    for sla in report.slas.values():
        if sla.rated:
            assert sla.satisfaction_rate is not None
            assert sla.lower_bound is not None
            assert sla.satisfaction_rate >= sla.lower_bound - 1e-9


def test_a_decision_taken_back_counts_for_nothing() -> None:
    router = make()
    serve(router, 5)
    before = router.report()
    for n in range(3):
        decision = router.select("x", id=f"request {n}")
        router.cancel(f"request {n}" if n else decision)
    after = router.report()
    assert after.decisions == before.decisions
    assert after.reasons == before.reasons
    assert after.pending == before.pending
    assert after.slas["default"].decisions == before.slas["default"].decisions
    for name, model in after.models.items():
        assert model.selected == before.models[name].selected
    with pytest.raises(FeedbackError, match="unknown or expired"):
        router.cancel(decision)
    with pytest.raises(FeedbackError, match="unknown or expired"):
        router.feedback(decision, satisfied=True)
    again = Router.from_bytes(router.to_bytes(), featurizer=_features)
    assert again.to_bytes() == router.to_bytes()
    assert again.select("x").p_satisfied == router.select("x").p_satisfied


def test_what_is_known_cannot_be_taken_back() -> None:
    router = make()
    decision = router.select("x")
    router.feedback(decision, cost=1.0)
    state = router.to_bytes()
    with pytest.raises(InputError, match="cancel: must come before anything is known"):
        router.cancel(decision)
    assert router.to_bytes() == state


def test_callers_name_their_requests() -> None:
    router = make()
    decision = router.select("x", id="request 7")
    uuid = "0123456789abcdef0123456789abcdef"
    other = router.select("x", id=uuid)
    assert decision.id != other.id != uuid
    with pytest.raises(InputError, match="id: must be new"):
        router.select("x", id="request 7")
    router = Router.from_bytes(router.to_bytes(), featurizer=_features)
    found = router.decision("request 7")
    assert found is not None
    assert (found.id, found.model, found.ranking) == (
        decision.id,
        decision.model,
        decision.ranking,
    )
    assert found.p_satisfied == decision.p_satisfied[decision.model]
    assert (found.satisfied, found.rated, found.sla) == (None, (), "default")
    router.failed(uuid)
    router.feedback("request 7", satisfied=True)
    found = router.decision(decision.id)
    assert found is not None
    assert (found.satisfied, found.rated) == (1.0, (decision.model,))
    assert router.decision("request 8") is None
    with pytest.raises(FeedbackError, match="unknown or expired id 'request 8'"):
        router.feedback("request 8", satisfied=True)


def test_a_decision_is_itself_after_pickle() -> None:
    router = make()
    decision = router.select("x")
    copy = pickle.loads(pickle.dumps(decision))
    for field in ("id", "step", "model", "reason", "ranking", "p_satisfied", "score", "audit"):
        assert getattr(copy, field) == getattr(decision, field)
    assert str(copy.explain()) == str(decision.explain())
    router.feedback(copy, satisfied=True)


def test_a_request_routed_elsewhere_teaches_and_counts_if_asked() -> None:
    router = make()
    for _ in range(20):
        router.observe("x", "small", satisfied=False, cost=1.0)
    assert router.report().rated == 0
    assert router.select("x").p_satisfied["small"] < make().select("x").p_satisfied["small"]
    router.observe("x", "small", satisfied=False, cost=1.0, count=True)
    report = router.report()
    assert (report.rated, report.slas["default"].cost) == (1, 1.0)
    assert report.backlog == pytest.approx(0.8)
    holds(router)
    with pytest.raises(InputError, match="feedback: needs at least one"):
        router.observe("x", "small")
    with pytest.raises(InputError, match="count: must be left out"):
        make(audit=0.5).observe("x", "small", satisfied=True, count=True)


def test_another_target_begins_a_period_and_keeps_what_was_learned() -> None:
    router = make()
    serve(router, 30, satisfied=0.5)
    late, revised = router.select("x"), router.select("x")
    router.feedback(revised, satisfied=0.0)
    before, expected = router.report().slas["default"], router.select("x").p_satisfied
    router.amend(slas=SLA(0.6))
    sla = router.report().slas["default"]
    assert (sla.target, sla.rated, sla.backlog, sla.cost) == (0.6, 0, 0.0, 0.0)
    (closed,) = sla.closed
    assert (closed.target, closed.rated, closed.cost) == (0.8, 31, before.cost)
    assert closed.satisfaction_rate == before.satisfaction_rate
    assert closed.lower_bound == before.lower_bound
    assert router.select("x").p_satisfied == expected
    router.feedback(late, satisfied=0.25)
    router.feedback(revised, satisfied=1.0, replace=True)
    sla = router.report().slas["default"]
    assert (sla.rated, sla.satisfaction_rate) == (1, 0.25)
    assert sla.backlog == pytest.approx(0.35)
    holds(router)
    assert (
        Router.from_bytes(router.to_bytes(), featurizer=_features).to_bytes() == router.to_bytes()
    )


def test_periods_are_kept_in_bounded_number() -> None:
    router = make()
    for n in range(40):
        serve(router, 1)
        router.amend(slas=SLA(0.5 + n / 100))
    closed = router.report().slas["default"].closed
    assert len(closed) == 32
    assert closed[-1].target == 0.88


def test_another_limit_is_held_from_then_on() -> None:
    router = make(limits=[Limit("cost", 5.0)])
    serve(router, 10)
    router.amend(limits=[Limit("cost", 0.5)])
    limit = router.report().limits["cost"]
    assert (limit.limit, limit.calls, limit.backlog) == (0.5, 0, 0.0)
    serve(router, 4)
    limit = router.report().limits["cost"]
    assert (limit.calls, limit.mean, limit.backlog) == (4, 1.0, 4.0)
    assert limit.mean is not None
    assert limit.upper_bound is not None
    assert limit.mean <= limit.upper_bound


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"slas": SLA(1.5)}, r"sla.target: must be in \(0, 1\], got 1.5"),
        ({"slas": {"gold": SLA(0.5)}}, "slas: must be the ones there are"),
        ({"limits": [Limit("cost", 1.0)]}, "limits: must be on the resources that are limited"),
        ({"cooldown": -1}, "cooldown: "),
        ({"missing": "never"}, "missing: "),
        ({"audit": 2.0}, "audit: "),
        ({"unrated": "nobody"}, "unrated: must be 'best', 'learn' or a model of the zoo"),
    ],
)
def test_a_bad_amendment_changes_nothing(change: dict[str, object], rule: str) -> None:
    router = make()
    state = router.to_bytes()
    with pytest.raises(ConfigError, match=rule):
        router.amend(**change)  # type: ignore[arg-type]
    assert router.to_bytes() == state


def test_a_folder_follows_the_settings_it_is_opened_with(tmp_path: Path) -> None:
    def reopen(target: float, **settings: object) -> Router:
        return Router.open(
            tmp_path / "r",
            MODELS,
            SLA(target),
            featurizer=_features,
            tag_features=0,
            **settings,  # type: ignore[arg-type]
        )

    with reopen(0.8) as router:
        serve(router, 3)
        router.cancel(router.select("x"))
        router.observe("x", "small", satisfied=True, count=True)
        router.amend(slas=SLA(0.7))
        state = router.to_bytes()
        # Journaled, not merely in the snapshot that closing writes.
        assert Router.from_bytes(state, featurizer=_features).to_bytes() == state
    with reopen(0.9, cooldown=7, audit=0.25) as router:
        assert router.recovery is not None
        assert router.recovery.notes == (
            "slas: amended from {'default': 0.7} to {'default': 0.9}",
            "cooldown: amended from 5 to 7",
            "audit: amended from 0.0 to 0.25",
        )
        assert [period.target for period in router.report().slas["default"].closed] == [0.8, 0.7]
    with pytest.raises(ConfigError, match=r"seed: must be as in .*, 0, got 5"):
        reopen(0.9, cooldown=7, audit=0.25, seed=5)


def test_service_levels_may_be_given_in_another_order(tmp_path: Path) -> None:
    def reopen(slas: dict[str, SLA]) -> Router:
        folder = tmp_path / "r"
        return Router.open(folder, MODELS, slas=slas, featurizer=_features, tag_features=0)

    reopen({"gold": SLA(0.9), "free": SLA(0.5)}).close()
    with reopen({"free": SLA(0.5), "gold": SLA(0.9)}) as router:
        assert router.recovery is not None
        assert router.recovery.notes == ()
    with reopen({"free": SLA(0.5), "gold": SLA(0.9, source="user")}) as router:
        assert router.recovery is not None
        assert router.recovery.notes == (
            "slas: amended from {'gold': 0.9, 'free': 0.5} to {'gold': (0.9, 'user'), 'free': 0.5}",
        )


def test_the_journal_carries_all_of_it(tmp_path: Path) -> None:
    router = Router.open(
        tmp_path / "r", MODELS, SLA(0.8), featurizer=_features, tag_features=0, durability="none"
    )
    serve(router, 3)
    router.cancel(router.select("x"))
    router.observe("x", "small", satisfied=True, cost=2.0, count=True)
    router.amend(slas=SLA(0.7), unrated="large")
    serve(router, 2)
    from messplus._core import Controller

    recovered, found = Controller.recover(tmp_path / "r")
    assert found["replayed"] > 0
    assert recovered.to_bytes() == router.to_bytes()
    router.close()

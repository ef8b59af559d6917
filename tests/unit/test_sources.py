"""Who rates: the source a service level speaks of, others, audits, silence."""

from __future__ import annotations

import logging
import random
from typing import Any

import pytest

from messplus import SLA, ConfigError, FeedbackError, InputError, Model, Policy, Router
from tests.zoo import MODELS, NAMES, TAG_FEATURES, StubFeaturizer, make_router


def judged(target: float = 0.7, source: str | None = None, **kw: Any) -> Router:
    kw.setdefault("featurizer", StubFeaturizer())
    return Router(
        MODELS, SLA(target, source=source), Policy.default(), tag_features=TAG_FEATURES, **kw
    )


def test_other_sources_teach_and_move_no_queue() -> None:
    router = judged(source="user")
    decision = router.select("x")
    before = router.report()
    router.feedback(decision, satisfied=False, source="judge")
    after = router.report()
    assert (after.backlog, after.rated) == (before.backlog, 0) == (0.0, 0)
    assert after.slas["default"].judged == 1
    again = router.select("x", allowed=[decision.model])
    assert again.p_satisfied[decision.model] < decision.p_satisfied[decision.model]
    router.feedback(decision, satisfied=True)
    report = router.report()
    assert (report.rated, report.satisfaction_rate) == (1, 1.0)
    assert report.sources["judge"].compared == 1


def test_the_first_source_is_the_truth_where_none_is_named() -> None:
    router = judged()
    router.feedback(router.select("x"), satisfied=True, source="code")
    router.feedback(router.select("y"), satisfied=False, source="user")
    report = router.report()
    assert (report.rated, report.slas["default"].judged) == (1, 1)


def test_who_tells_costs_is_no_source_and_no_rater() -> None:
    """A gateway that bills every call does not take the place of the judge who rates them."""
    router = judged()
    decision = router.select("x")
    router.feedback(decision, cost=1.0, rater="gateway")
    assert router.report().sources == {}
    router.feedback(decision, satisfied=True, source="judge")
    report = router.report()
    assert (report.rated, report.slas["default"].judged) == (1, 0)
    for n in range(20):
        router.feedback(router.select("x"), cost=1.0, rater="gateway")
        if n < 15:
            router.feedback(router.select("x"), satisfied=True, source=f"judge {n}")
    decision = router.select("x")
    router.feedback(decision, cost=1.0)
    with pytest.raises(InputError, match="source: must be one of at most 16"):
        router.feedback(decision, satisfied=True)
    router.feedback(decision, satisfied=True, source="judge", rater="gateway")
    assert router.report().slas["default"].set_aside == 0


def test_each_source_rates_once_and_may_revise() -> None:
    router = judged(source="user")
    decision = router.select("x")
    router.feedback(decision, satisfied=False)
    router.feedback(decision, satisfied=True, source="judge")
    for source in ("user", "judge"):
        with pytest.raises(FeedbackError, match="one rating per model"):
            router.feedback(decision, satisfied=True, source=source)
    assert router.report().backlog == pytest.approx(0.7)
    router.feedback(decision, satisfied=True, replace=True)
    report = router.report()
    assert report.backlog == pytest.approx(-0.3)
    assert (report.rated, report.satisfaction_rate) == (1, 1.0)
    assert report.models[decision.model].satisfaction_rate == 1.0


def test_the_bound_holds_whatever_is_revised() -> None:
    router, chance = judged(), random.Random(3)
    made = []
    for n in range(300):
        decision = router.select(str(n))
        router.feedback(decision, satisfied=chance.random() < 0.6)
        made.append(decision)
        if n % 3 == 0:
            router.feedback(chance.choice(made[-50:]), satisfied=chance.random(), replace=True)
        report = router.report()
        assert report.satisfaction_rate is not None
        assert report.lower_bound is not None
        assert report.satisfaction_rate >= report.lower_bound - 1e-9
    again = Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
    assert again.report() == router.report()


def test_feedback_of_the_same_name_counts_once() -> None:
    router = judged()
    decision = router.select("x")
    for _ in range(3):
        router.feedback(decision, satisfied=False, id="thumb-1")
    assert router.report().rated == 1
    with pytest.raises(FeedbackError):
        router.feedback(decision, satisfied=False, id="thumb-2")


def test_one_rater_counts_for_a_sixteenth_of_the_ratings_at_most() -> None:
    router = judged()
    for n in range(100):
        router.feedback(router.select(str(n)), satisfied=False, rater="bot")
    report = router.report()
    assert (report.rated, report.slas["default"].set_aside) == (16, 84)


def test_sources_are_checked() -> None:
    router = judged()
    decision = router.select("x")
    with pytest.raises(InputError, match="source: must be a name of 1 to 64 bytes"):
        router.feedback(decision, satisfied=True, source="")
    with pytest.raises(InputError, match="id: must be a string, got 3"):
        router.feedback(decision, satisfied=True, id=3)  # type: ignore[arg-type]
    for n in range(16):
        router.feedback(router.select(str(n)), satisfied=True, source=f"judge {n}")
    with pytest.raises(InputError, match='source: must be one of at most 16, got "one more"'):
        router.feedback(decision, satisfied=True, source="one more")
    with pytest.raises(ConfigError, match="audit"):
        judged(audit=1.5)
    with pytest.raises(ConfigError, match="unrated: must be 'best', 'learn' or a model"):
        judged(unrated="none")


def stream(router: Router, n: int, p: float, seed: int) -> tuple[float, int]:
    """Thumbs from a fiftieth of the unsatisfied and a tenth of the satisfied; audits are rated."""
    chance, total = random.Random(seed), 0.0
    for step in range(n):
        decision = router.select(str(step))
        satisfied = chance.random() < p
        total += satisfied
        if decision.audit or chance.random() < (0.10 if satisfied else 0.02):
            router.feedback(decision, satisfied=satisfied, cost=1.0)
    return total / n, n


def test_audits_find_what_volunteers_hide() -> None:
    covered = 0
    for seed in range(10):
        router = judged(target=0.85, audit=0.05, seed=seed)
        truth, _ = stream(router, 3000, 0.6, seed)
        audit = router.report().slas["default"].audit
        assert audit is not None
        assert 80 < audit.audited == audit.rated < 230
        covered += audit.interval[0] <= truth <= audit.interval[1]
        assert abs(audit.estimate - truth) < 0.15
        assert router.report().status in ("behind", "out_of_reach")
    assert covered >= 9


def test_audits_are_picked_apart_from_everything_else() -> None:
    plain, audited = (make_router(audit=audit, seed=5) for audit in (0.0, 0.2))
    flags = []
    for n in range(200):
        one, other = plain.select(str(n)), audited.select(str(n))
        assert (one.model, one.reason) == (other.model, other.reason)
        assert not one.audit
        flags.append(other.audit)
    assert 20 < sum(flags) < 60


def test_silence_is_loud_and_leads_to_the_safe_choice(caplog: pytest.LogCaptureFixture) -> None:
    router = judged()
    with caplog.at_level(logging.WARNING, "messplus"):
        for n in range(100):
            router.select(str(n))
    assert [record.getMessage() for record in caplog.records] == [
        "sla default: no ratings come; its satisfaction is unknown"
    ]
    report = router.report()
    assert (report.status, report.slas["default"].status) == ("unrated", "unrated")
    later = [router.select(str(n)) for n in range(1000)]
    assert {decision.reason for decision in later[950:]} == {"unrated"}
    assert all(
        decision.p_satisfied[decision.model] == max(decision.p_satisfied.values())
        for decision in later[950:]
    )
    router.feedback(later[-1], satisfied=True)
    assert router.report().status == "learning"
    assert router.select("x").reason != "unrated"


@pytest.mark.parametrize("unrated", ["learn", "small"])
def test_the_safe_choice_is_a_setting(unrated: str) -> None:
    models = [Model(name, cost) for name, cost in zip(NAMES, (1.0, 2.0, 9.0), strict=True)]
    router = Router(models, SLA(0.9), unrated=unrated, featurizer=StubFeaturizer())
    last = [router.select(str(n)) for n in range(1100)][-1]
    assert (last.reason == "unrated") == (unrated == "small")
    if unrated == "small":
        assert last.model == "small"

"""Laws that hold on every path, whatever is chosen; the core's own tests state the same ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from messplus import MessPlusError, Model, Policy, UnservableError
from tests.property.presets import PRESETS, Preset, paper
from tests.property.sessions import (
    NAMES,
    TARGET,
    Feedback,
    Select,
    Session,
    seeds,
    sessions,
    zoos,
)
from tests.zoo import make_router

Steps = list[Select | Feedback]
every_preset = pytest.mark.parametrize("preset", PRESETS, ids=str)


@every_preset
@given(data=st.data(), models=zoos, seed=seeds, steps=sessions)
def test_backlog_bounds_the_shortfall(
    preset: Preset, data: st.DataObject, models: list[Model], seed: int, steps: Steps
) -> None:
    """(1/T) sum s >= alpha - (Q_{T+1} - Q_1) / T, with Q_1 = 0 and Q >= -credit."""
    session = Session(models, data.draw(preset.policies), seed)
    for step in steps:
        session.take(step)
        report = session.router.report()
        n, total = len(session.ratings), sum(session.ratings.values())
        assert report.rated == n
        assert report.backlog >= -preset.credit
        assert report.backlog >= TARGET * n - total - 1e-9
        if n:
            assert report.satisfaction_rate == pytest.approx(total / n, abs=1e-12)
            assert report.lower_bound is not None
            assert total / n >= report.lower_bound - 1e-9


@every_preset
@given(data=st.data(), models=zoos, seed=seeds, steps=sessions)
def test_same_seed_same_trace(
    preset: Preset, data: st.DataObject, models: list[Model], seed: int, steps: Steps
) -> None:
    policy = data.draw(preset.policies)
    once, again = (Session(models, policy, seed).run(steps) for _ in range(2))
    assert once.trace() == again.trace()
    assert once.router.report() == again.router.report()


@every_preset
@given(data=st.data(), models=zoos, seed=seeds, steps=sessions)
def test_saving_at_any_step_changes_nothing(
    preset: Preset, data: st.DataObject, models: list[Model], seed: int, steps: Steps
) -> None:
    policy = data.draw(preset.policies)
    cuts = data.draw(st.sets(st.integers(0, len(steps) - 1), min_size=1, max_size=3))
    straight = Session(models, policy, seed).run(steps)
    resumed = Session(models, policy, seed)
    for n, step in enumerate(steps):
        if n in cuts:
            resumed.save_and_load()
        resumed.take(step)
    assert straight.trace() == resumed.trace()
    assert straight.router.report() == resumed.router.report()


@every_preset
@given(data=st.data(), order=st.permutations(range(4)), seed=seeds, steps=sessions)
def test_permuting_models_permutes_decisions(
    preset: Preset, data: st.DataObject, order: list[int], seed: int, steps: Steps
) -> None:
    policy = data.draw(preset.policies)
    # Distinct costs, so that nothing is tied from the start.
    models = [Model(name, cost) for name, cost in zip(NAMES, (1.0, 2.5, 4.0, 8.0), strict=True)]
    straight = Session(models, policy, seed).run(steps)
    shuffled = Session([models[m] for m in order], policy, seed).run(steps)
    for a, b in zip(straight.decisions, shuffled.decisions, strict=True):
        assert (a.p_satisfied, a.score) == (b.p_satisfied, b.score)
        if len({a.score[name] for name in a.ranking}) < len(a.ranking):
            break  # tied: from here on the order of the zoo decides
        assert (a.model, a.reason, a.ranking) == (b.model, b.reason, b.ranking)
        assert set(a.also_query) == set(b.also_query)


bad_requests: list[dict[str, Any]] = [
    {},
    {"prompt": 1},
    {"features": [0.0]},
    {"features": [0.0, float("nan"), 0.0, 0.0]},
    {"prompt": "x", "tags": {"a": 1}},
    {"prompt": "x", "costs": {"z": 1.0}},
    {"prompt": "x", "costs": {"a": -1.0}},
    {"prompt": "x", "costs": {"a": float("nan")}},
    {"prompt": "x", "allowed": []},
    {"prompt": "x", "allowed": ["a", "z"]},
]
bad_feedback: list[dict[str, Any]] = [
    {},
    {"satisfied": 1.5},
    {"satisfied": float("nan")},
    {"satisfied": {"z": 1.0}},
    {"satisfied": {"a": 1.0, "z": 1.0}},
    {"satisfied": 1.0, "cost": -1.0},
    {"satisfied": 1.0, "latency": float("inf")},
]


@every_preset
@given(data=st.data(), models=zoos, seed=seeds, steps=sessions)
def test_rejected_input_changes_nothing(
    preset: Preset, data: st.DataObject, models: list[Model], seed: int, steps: Steps
) -> None:
    session = Session(models, data.draw(preset.policies), seed).run(steps)
    decision = session.router.select("rated below")
    before = session.router.to_bytes()
    for arguments in bad_requests:
        with pytest.raises(MessPlusError):
            session.router.select(**arguments)
    for arguments in bad_feedback:
        with pytest.raises(MessPlusError):
            session.router.feedback(decision, **arguments)
    assert session.router.to_bytes() == before


@every_preset
@given(data=st.data(), models=zoos, seed=seeds, steps=sessions)
def test_predicting_changes_nothing(
    preset: Preset, data: st.DataObject, models: list[Model], seed: int, steps: Steps
) -> None:
    policy = data.draw(preset.policies)
    silent = Session(models, policy, seed).run(steps)
    asked = Session(models, policy, seed)
    for step in steps:
        if isinstance(step, Select):
            before = asked.router.to_bytes()
            asked.router.predict(**step.arguments(asked.zoo))
            assert asked.router.to_bytes() == before
        asked.take(step)
    assert asked.trace() == silent.trace()


NEEDS = st.frozensets(st.sampled_from(("vision", "tools")))
able_zoos = st.lists(
    st.tuples(st.none() | st.integers(1, 4), st.none() | NEEDS), min_size=1, max_size=4
).map(
    lambda abilities: [
        Model(name, cost, max_input_tokens=most, supports=supports)
        for name, cost, (most, supports) in zip(
            NAMES, (1.0, 2.5, 4.0, 8.0), abilities, strict=False
        )
    ]
)


@every_preset
@given(
    data=st.data(),
    models=able_zoos,
    asked=st.lists(st.tuples(NEEDS, st.integers(1, 6)), min_size=1, max_size=20),
)
def test_no_request_goes_where_it_cannot_be_served(
    preset: Preset,
    data: st.DataObject,
    models: list[Model],
    asked: list[tuple[frozenset[str], int]],
) -> None:
    router = make_router(data.draw(preset.policies), models=models)
    for requires, tokens in asked:
        can = {
            model.name
            for model in models
            if (model.max_input_tokens is None or tokens <= model.max_input_tokens)
            and (model.supports is None or requires <= model.supports)
        }
        try:
            decision = router.select("x", requires=requires, input_tokens=tokens)
        except UnservableError:
            assert not can
        else:
            assert {decision.model, *decision.ranking, *decision.also_query} == can
            router.feedback(decision, satisfied=tokens % 2 > 0, cost=float(tokens))


# Laws of drift plus penalty as published


@given(
    policy=paper(v=st.just(0.0), c=st.floats(0, 2)),
    models=zoos,
    factor=st.floats(0.01, 100),
    seed=seeds,
    steps=sessions,
)
def test_no_penalty_weight_ignores_cost(
    policy: Policy, models: list[Model], factor: float, seed: int, steps: Steps
) -> None:
    """V = 0: what anything costs changes no decision, as long as the most expensive stays it."""
    scaled = [
        dataclasses.replace(model, cost=cost * factor)
        for model in models
        if isinstance(cost := model.cost, float)
    ]
    straight = Session(models, policy, seed).run(steps)
    other = Session(scaled, policy, seed).run(at_another_price(step) for step in steps)
    assert straight.trace() == other.trace()


def at_another_price(step: Select | Feedback) -> Select | Feedback:
    if isinstance(step, Select):
        return dataclasses.replace(step, costs={})
    # Still a reported cost, so that a second one is refused all the same.
    return dataclasses.replace(step, cost=None if step.cost is None else 5.0)


@given(
    policy=paper(v=st.floats(0.01, 2), c=st.floats(0, 2)), models=zoos, seed=seeds, steps=sessions
)
def test_nothing_owed_picks_the_cheapest(
    policy: Policy, models: list[Model], seed: int, steps: Steps
) -> None:
    session = Session(models, policy, seed)
    for step in steps:
        owed = session.router.report().backlog > 0
        session.take(step)
        if isinstance(step, Select) and not owed and session.decisions[-1].reason != "explore":
            decision = session.decisions[-1]
            cheapest = min(decision.expected_cost[name] for name in decision.ranking)
            assert decision.expected_cost[decision.model] == pytest.approx(cheapest, rel=1e-12)


# The strategies must be able to find what the laws are about


@pytest.mark.parametrize(
    "found",
    [
        lambda s: s.router.report().backlog > 1,
        lambda s: s.router.report().evicted > 0,
        lambda s: any(d.also_query for d in s.decisions) and s.ratings,
        lambda s: {"exploit", "forced"} <= {decision.reason for decision in s.decisions},
    ],
    ids=["owed", "evicted", "explored", "learned"],
)
def test_sessions_reach(found: Any) -> None:
    models = [Model("a", 1.0), Model("b", 2.0)]
    find(
        sessions,
        lambda steps: bool(found(Session(models, Policy.paper(v=1.0, c=1.0)).run(steps))),
        settings=settings(max_examples=1000, phases=[Phase.generate]),
    )


@every_preset
@given(
    data=st.data(),
    models=zoos,
    seed=seeds,
    steps=sessions,
    router_cap=st.floats(0, 10),
    cap=st.none() | st.floats(0, 10),
)
def test_no_request_is_expected_to_cost_more_than_its_cap(
    preset: Preset,
    data: st.DataObject,
    models: list[Model],
    seed: int,
    steps: Steps,
    router_cap: float,
    cap: float | None,
) -> None:
    policy = data.draw(preset.policies)
    session = Session(models, policy, seed)
    session.router.amend(max_cost=router_cap)
    most = router_cap if cap is None else min(cap, router_cap)
    for step in steps:
        if isinstance(step, Select):
            arguments = step.arguments(session.zoo)
            decision = session.router.select(**arguments, max_cost=cap)
            session.decisions.append(decision)
            costs = decision.expected_cost
            if decision.reason == "unaffordable":
                allowed = arguments.get("allowed", session.zoo)
                assert costs[decision.model] == min(costs[name] for name in allowed) > most
            else:
                assert max(costs[name] for name in decision.ranking) <= most
        else:
            session.take(step)
    told = session.router.report().max_cost.unaffordable
    assert told == sum(d.reason == "unaffordable" for d in session.decisions)
    session.save_and_load()


@every_preset
@given(data=st.data(), models=zoos, seed=seeds, steps=sessions, most=st.floats(0, 50))
def test_no_more_is_paid_for_satisfaction_than_agreed(
    preset: Preset, data: st.DataObject, models: list[Model], seed: int, steps: Steps, most: float
) -> None:
    session = Session(models, data.draw(preset.policies), seed)
    session.router.amend(max_price=most)
    for decision in session.run(steps).decisions:
        price = decision.explain().price
        assert price is None or price <= most * (1 + 1e-9)
    session.save_and_load()

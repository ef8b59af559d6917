"""The law of the router: within declared costs, no conversation exceeds its budgets."""

from hypothesis import given, settings
from hypothesis import strategies as st

from messplus.offload import ActionSpace, Budget, CostTable, OffloadRouter

TASKS = ("a", "b")
amounts = st.floats(0, 5, allow_subnormal=False)
shares = st.floats(0, 1)


@st.composite
def problems(draw: st.DrawFn) -> tuple[CostTable, int, Budget]:
    levels = draw(st.integers(3, 5))
    turns = draw(st.integers(1, 6))
    tables = [draw(st.lists(amounts, min_size=levels, max_size=levels)) for _ in range(2)]
    # At least enough for an all-local conversation.
    limits = [turns * (table[0] + draw(amounts)) for table in tables]
    return CostTable(tuple(tables[0]), tuple(tables[1])), turns, Budget(*limits)


@settings(max_examples=60, deadline=None)
@given(problem=problems(), data=st.data(), known=st.booleans())
def test_budgets_hold(
    problem: tuple[CostTable, int, Budget], data: st.DataObject, known: bool
) -> None:
    costs, turns, budget = problem
    space = ActionSpace(tuple("xyz"[: costs.modalities]))
    router = OffloadRouter(space, TASKS, costs, max_turns=turns)
    for _ in range(2):
        conversation = router.start(budget, turns=turns if known else None)
        for _ in range(turns):
            association = data.draw(
                st.lists(shares, min_size=costs.modalities, max_size=costs.modalities)
            )
            decision = conversation.decide(data.draw(st.sampled_from(TASKS)), association)
            level = space.level(decision.action)
            assert decision.expected_latency == costs.latency[level]
            spent = data.draw(shares)
            conversation.record(
                spent * decision.expected_latency,
                spent * decision.expected_cost,
                score=data.draw(st.none() | st.floats(0, 2)),
            )
        conversation.finish()
        assert conversation.spent.latency <= budget.latency * (1 + 1e-9)
        assert conversation.spent.cost <= budget.cost * (1 + 1e-9)

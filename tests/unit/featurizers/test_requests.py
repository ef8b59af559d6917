"""Routers with encoders: asynchronous, in batches, across save and load."""

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from messplus import SLA, Model, Router
from messplus.exceptions import InputError, StateError
from messplus.featurizers import OnnxFeaturizer

MODELS = [Model("small", cost=1.0), Model("large", cost=5.0)]


class Slow:
    """A function that waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.calls = 0

    def __call__(self, prompt: str) -> list[float]:
        self.calls += 1
        assert self.go.wait(10)
        return [1.0, float(len(prompt))]


def test_chat_messages_are_routed_as_their_text() -> None:
    routers = [Router(MODELS, SLA(0.8)) for _ in range(2)]
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": "hello"}]
    left, right = routers[0].select(messages), routers[1].select("hello")
    assert left.p_satisfied == right.p_satisfied


def test_aselect_decides_as_select_does() -> None:
    routers = [Router(MODELS, SLA(0.8), featurizer=Slow(), seed=3) for _ in range(2)]

    async def ask() -> list[str]:
        return [(await routers[0].aselect(f"w{i}")).model for i in range(20)]

    assert asyncio.run(ask()) == [routers[1].select(f"w{i}").model for i in range(20)]


def test_the_deadline_routes_without_features() -> None:
    slow = Slow()
    router = Router(MODELS, SLA(0.8), featurizer=slow)
    slow.go.clear()

    async def ask() -> str:
        return (await router.aselect("hello", deadline=0.05)).reason

    # The encoder does not answer before this returns.
    assert asyncio.run(ask()) == "fallback"
    slow.go.set()
    report = router.report()
    assert (report.featurizer_timeouts, report.featurizer_errors) == (1, 0)


def test_a_full_queue_routes_without_features_at_once() -> None:
    slow = Slow()
    router = Router(MODELS, SLA(0.8), featurizer=slow)
    slow.go.clear()

    async def ask() -> list[str]:
        waiting = [asyncio.create_task(router.aselect("hello", deadline=30)) for _ in range(64)]
        await asyncio.sleep(0)
        late = await asyncio.wait_for(router.aselect("hello", deadline=30), 10)
        slow.go.set()
        return [late.reason, *[decision.reason for decision in await asyncio.gather(*waiting)]]

    reasons = asyncio.run(ask())
    assert reasons[0] == "fallback"
    assert "fallback" not in reasons[1:]
    report = router.report()
    assert (report.featurizer_timeouts, report.featurizer_errors) == (0, 1)


def test_requests_given_up_leave_the_queue() -> None:
    slow = Slow()
    router = Router(MODELS, SLA(0.8), featurizer=slow)
    slow.go.clear()

    async def ask() -> int:
        late = [router.aselect("hello", deadline=0.05) for _ in range(64)]
        await asyncio.gather(*late)
        before = slow.calls
        slow.go.set()
        assert (await router.aselect("hello", deadline=10)).reason != "fallback"
        return before

    # Two were running, the others had not begun and never do. One call was the probe at the start.
    assert asyncio.run(ask()) == 3
    assert slow.calls == 4


def test_the_event_loop_goes_on_while_an_encoder_runs() -> None:
    slow = Slow()
    router = Router(MODELS, SLA(0.8), featurizer=slow)
    slow.go.clear()

    async def ask() -> str:
        task = asyncio.create_task(router.aselect("hello", deadline=30))
        for _ in range(100):
            await asyncio.sleep(0)
        slow.go.set()
        return (await task).reason

    assert asyncio.run(ask()) != "fallback"


@pytest.mark.parametrize("deadline", [0.0, -1.0, float("nan")])
def test_a_deadline_that_is_not_positive_is_refused(deadline: float) -> None:
    router = Router(MODELS, SLA(0.8), featurizer=Slow())
    with pytest.raises(InputError, match="deadline: must be positive"):
        asyncio.run(router.aselect("hello", deadline=deadline))
    assert router.report().decisions == 0


def test_select_many_decides_as_select_does(folder: Path) -> None:
    prompts = [f"w{i} " * (i % 7 + 1) for i in range(30)]
    tags = [{"task": str(i % 3)} if i % 2 else None for i in range(30)]
    for featurizer in (None, OnnxFeaturizer.from_folder(folder)):
        routers = [Router(MODELS, SLA(0.8), featurizer=featurizer, seed=5) for _ in range(2)]
        many = routers[0].select_many(prompts, tags=tags)
        for prompt, given, decision in zip(prompts, tags, many, strict=True):
            assert routers[1].select(prompt, tags=given).model == decision.model
    assert routers[0].select_many([]) == []


def test_select_many_refuses_before_it_decides() -> None:
    router = Router(MODELS, SLA(0.8))
    with pytest.raises(InputError, match="tags: must be one per prompt, 2, got 1"):
        router.select_many(["a", "b"], tags=[None])
    with pytest.raises(InputError, match="prompt"):
        router.select_many(["a", 7])  # type: ignore[list-item]
    assert router.report().decisions == 0


def test_one_bad_prompt_does_not_spoil_the_batch() -> None:
    def fails(prompt: str) -> list[float]:
        return [np.nan if prompt == "bad" else 1.0]

    router = Router(MODELS, SLA(0.8), featurizer=fails)
    reasons = [decision.reason for decision in router.select_many(["a", "bad", "b"])]
    assert [reason == "fallback" for reason in reasons] == [False, True, False]
    assert router.report().featurizer_errors == 1


def test_state_made_with_another_featurizer_is_refused(folder: Path) -> None:
    featurizer = OnnxFeaturizer.from_folder(folder, dims=8)
    state = Router(MODELS, SLA(0.8), featurizer=featurizer).to_bytes()
    for other in (OnnxFeaturizer.from_folder(folder, pooling="mean", dims=8), None, Slow()):
        with pytest.raises(StateError, match=r"onnx:.* as in the state, got '"):
            Router.from_bytes(state, featurizer=other)


def test_fitted_axes_travel_in_the_state(folder: Path) -> None:
    sample = [f"w{i} w{3 * i % 200}" for i in range(100)]
    fitted = OnnxFeaturizer.from_folder(folder).fit(sample, dims=8)
    router = Router(MODELS, SLA(0.8), featurizer=fitted)
    loaded = Router.from_bytes(router.to_bytes(), featurizer=OnnxFeaturizer.from_folder(folder))
    assert loaded.select("w5 w6").p_satisfied == router.select("w5 w6").p_satisfied

"""Many threads on one router: nothing is lost, nothing hangs, no id is given twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from messplus import FeedbackError, Router
from tests.zoo import N_FEATURES, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from messplus import Decision

pytestmark = pytest.mark.timeout(60)

ROOT = Path(__file__).parents[2]
THREADS, CALLS = 8, 400


def in_threads(work: Callable[[int], object]) -> list[object]:
    """Run ``work(n)`` in many threads that start together; the first error is raised."""
    gate = threading.Barrier(THREADS)

    def run(n: int) -> object:
        gate.wait()
        return work(n)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.fixture(autouse=True)
def short_slices() -> object:
    """Switch threads as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_totals_add_up_and_the_bound_holds(router: Router) -> None:
    def serve(n: int) -> tuple[float, float]:
        chance = np.random.default_rng(n)
        ratings = costs = 0.0
        for call in range(CALLS):
            decision = router.select(f"{n} {call}", tags={"thread": str(n)})
            rating, cost = chance.integers(0, 5) / 4, chance.integers(0, 9) / 8
            router.feedback(decision, satisfied=rating, cost=cost, latency=0.5)
            ratings, costs = ratings + rating, costs + cost
        return ratings, costs

    per_thread = np.array(in_threads(serve))
    report = router.report()
    total = THREADS * CALLS
    assert report.decisions == report.rated == sum(report.reasons.values()) == total
    assert sum(model.selected for model in report.models.values()) == total
    assert (report.pending, report.evicted, report.featurizer_errors) == (0, 0, 0)
    # Quarters and eighths add up exactly, in any order.
    ratings, costs = per_thread.sum(axis=0)
    assert report.satisfaction_rate == ratings / total
    assert report.cost == costs
    assert report.lower_bound is not None
    assert ratings / total >= report.lower_bound - 1e-9
    assert Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer()).report() == report


def test_steps_and_ids_are_given_once(router: Router) -> None:
    def select(_: int) -> list[Decision]:
        return [router.select(features=np.zeros(N_FEATURES)) for _ in range(CALLS)]

    decisions = [decision for made in in_threads(select) for decision in made]  # type: ignore[attr-defined]
    assert sorted(d.step for d in decisions) == list(range(1, THREADS * CALLS + 1))
    assert len({d.id for d in decisions}) == THREADS * CALLS


def test_racing_feedback_is_accepted_once(router: Router) -> None:
    decisions = [router.select(str(n)) for n in range(CALLS)]

    def rate(_: int) -> int:
        accepted = 0
        for decision in decisions:
            try:
                router.feedback(decision, satisfied=True)
            except FeedbackError:
                continue
            accepted += 1
        return accepted

    assert np.sum(in_threads(rate)) == CALLS  # type: ignore[arg-type]
    assert router.report().rated == CALLS


def test_readers_see_whole_transitions(router: Router) -> None:
    stop = threading.Event()

    def write(_: int) -> None:
        for n in range(CALLS):
            router.feedback(router.select(str(n)), satisfied=n % 2 == 0, cost=1.0)

    def read() -> int:
        seen = 0
        while not stop.is_set():
            report = router.report()
            assert report.decisions == sum(report.reasons.values())
            assert report.rated == report.cost  # every feedback says one of both
            assert report.rated == sum(model.rated for model in report.models.values())
            Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
            seen += 1
        return seen

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            in_threads(write)
        finally:
            stop.set()
        assert reader.result() > 0


def test_a_featurizer_may_call_the_router_and_other_threads() -> None:
    class Curious(StubFeaturizer):
        """Asks the router itself, and waits for another thread that does."""

        def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
            if prompt:
                router.report()
                decision = pool.submit(router.select, "").result()
                router.feedback(decision, satisfied=True)
            return super().__call__(prompt)

    router = make_router(featurizer=Curious())
    with ThreadPoolExecutor(THREADS) as pool:
        in_threads(lambda n: [router.select(f"{n} {call}") for call in range(50)])
    report = router.report()
    assert (report.decisions, report.rated) == (THREADS * 100, THREADS * 50)
    assert report.featurizer_errors == 0


def test_failing_featurizers_are_counted_exactly() -> None:
    class Failing(StubFeaturizer):
        def __call__(self, _: str) -> npt.NDArray[np.float32]:
            raise RuntimeError

    router = make_router(featurizer=Failing())
    in_threads(lambda _: [router.select("x") for _ in range(CALLS)])
    assert router.report().featurizer_errors == THREADS * CALLS


IDS = """
import json, multiprocessing, os, sys
from tests.zoo import make_router

def ids(router):
    return [router.select("x").id for _ in range(50)]
"""

FORK = """
router = make_router(seed=1)
before = ids(router)
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, json.dumps(ids(router)).encode())
    os._exit(0)
here, there = ids(router), json.loads(os.read(read, 65536))
os.wait()
print(json.dumps([before, here, there]))
"""

SPAWN = """
def child(_):
    return ids(make_router(seed=1))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(json.dumps([ids(make_router(seed=1)), *pool.map(child, range(2), chunksize=1)]))
"""


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            FORK,
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
            id="fork",
        ),
        pytest.param(SPAWN, id="spawn"),
    ],
)
def test_ids_differ_between_parent_and_child(script: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(IDS + script)
    run = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    sets = json.loads(run.stdout)
    assert len(sets) == 3
    assert len(set().union(*sets)) == 150

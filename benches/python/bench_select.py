"""Whole calls from Python: a decision and its feedback, beside a NumPy and a Vowpal Wabbit router.

Run with ``make bench``. Vowpal Wabbit is compared where the package ``vowpalwabbit`` is installed.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from messplus import SLA, Model, Policy, Router, _core
from messplus.featurizers import StaticFeaturizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Benchmark = Callable[[Callable[[], object]], object]
    Vector = npt.NDArray[np.float32]

N_MODELS, N_FEATURES = 4, 64
WORDS = "what is the capital of a country where people speak two languages and trade with the sea"
POLICIES = {"paper": Policy.paper(v=0.1)}


class NoText:
    """Stands in where every request brings its features."""

    n_features = N_FEATURES
    identity = "vectors"

    def __call__(self, prompt: str) -> Vector:
        raise NotImplementedError

    def batch(self, prompts: object) -> Vector:
        raise NotImplementedError


@pytest.fixture(autouse=True, scope="module")
def _release_build() -> None:
    if _core.build_profile != "release":
        pytest.skip("benchmarks need a release build of messplus._core")


@pytest.fixture
def vectors() -> Iterator[Vector]:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((256, N_FEATURES)) / np.sqrt(N_FEATURES)
    return itertools.cycle(list(rows.astype(np.float32)))


def zoo() -> list[Model]:
    return [Model(f"m{index}", cost=1.0 + index) for index in range(N_MODELS)]


def prompt_of(n_words: int) -> str:
    return " ".join(itertools.islice(itertools.cycle(WORDS.split()), n_words))


@pytest.mark.parametrize("policy", POLICIES)
def test_select_and_feedback_with_a_ready_vector(
    benchmark: Benchmark, vectors: Iterator[Vector], policy: str
) -> None:
    router = Router(zoo(), SLA(0.8), POLICIES[policy], featurizer=NoText(), tag_features=0)

    def step() -> None:
        decision = router.select(features=next(vectors))
        router.feedback(decision, satisfied=True, cost=1.0)

    benchmark(step)
    assert router.report().rated > 0


@pytest.mark.parametrize("n_tokens", [16, 64, 256])
def test_select_prompt_with_the_embedded_featurizer(benchmark: Benchmark, n_tokens: int) -> None:
    router = Router(zoo(), SLA(0.8))
    prompt = prompt_of(n_tokens)
    benchmark(lambda: router.select(prompt))
    assert router.report().featurizer_errors == 0


@pytest.mark.parametrize("n_tokens", [16, 64, 256])
def test_embedded_featurizer_alone(benchmark: Benchmark, n_tokens: int) -> None:
    featurizer = StaticFeaturizer()
    prompt = prompt_of(n_tokens)
    benchmark(lambda: featurizer(prompt))


@pytest.mark.parametrize("n_tokens", [16, 64, 256])
def test_layout_of_a_ready_embedding(benchmark: Benchmark, n_tokens: int) -> None:
    prompts, tokens = [prompt_of(n_tokens)], np.array([n_tokens], np.float32)
    embeddings = np.ones((1, 128), np.float32)
    benchmark(lambda: _core.text_features(prompts, tokens, embeddings, 128))


def test_numpy_decide_and_learn(benchmark: Benchmark, vectors: Iterator[Vector]) -> None:
    """The paper's step written with NumPy arrays, as one would without this library."""
    weights = np.zeros((N_MODELS, N_FEATURES))
    costs = np.arange(1.0, 1.0 + N_MODELS)
    backlog = 0.0

    def step() -> None:
        nonlocal backlog
        x = next(vectors)
        p = 1 / (1 + np.exp(-(weights @ x)))
        model = int(np.argmin(0.1 * costs + backlog * (0.8 - p)))
        weights[model] -= 0.1 * ((p[model] - 1.0) * x + 1e-4 * weights[model])
        backlog = max(0.0, backlog + 0.8 - 1.0)

    benchmark(step)


def test_vowpal_wabbit_predict_and_learn(benchmark: Benchmark, vectors: Iterator[Vector]) -> None:
    vw = pytest.importorskip("vowpalwabbit", reason="vowpalwabbit is not installed")
    workspace = vw.Workspace(f"--cb_explore {N_MODELS} --epsilon 0.05 --quiet")

    def step() -> None:
        features = " ".join(f"{index}:{x:.4f}" for index, x in enumerate(next(vectors).tolist()))
        probabilities = workspace.predict(f"| {features}")
        action = int(np.argmax(probabilities))
        workspace.learn(f"{action + 1}:0.2:{probabilities[action]} | {features}")

    benchmark(step)
    workspace.finish()

"""Embeddings the application has already, and axes fitted to logged data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from build_encoder_folder import modernbert

from messplus import (
    SLA,
    ConfigError,
    FeaturizerError,
    InputError,
    Model,
    NonFiniteError,
    Router,
    ShapeError,
    StateError,
)
from messplus.featurizers import FunctionFeaturizer, OnnxFeaturizer, Prompt, VectorFeaturizer

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

MODELS = [Model("small", cost=1.0), Model("large", cost=5.0)]
WIDTH = 96


def embeddings(n: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Vectors around a mean that all share, as those of encoders are."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, WIDTH)) * np.geomspace(1, 0.01, WIDTH) + 0.5).astype(np.float32)


def log(n: int) -> list[dict[str, Any]]:
    return [
        {"features": vector, "model": "small", "satisfied": index % 2, "cost": 1.0}
        for index, vector in enumerate(embeddings(n))
    ]


def router(featurizer: VectorFeaturizer | None = None) -> Router:
    return Router(MODELS, SLA(0.8), featurizer=featurizer or VectorFeaturizer(WIDTH, 15))


def test_raw_embeddings_are_reduced() -> None:
    featurizer = VectorFeaturizer(WIDTH, 15)
    assert featurizer.n_features == 25
    features = featurizer.one(embeddings(1)[0], 33)
    assert np.linalg.norm(features[10:]) == pytest.approx(1.0, abs=1e-6)
    decision = router().select(features=embeddings(1)[0], tags={"task": "qa"})
    assert decision.reason != "fallback"


def test_narrow_embeddings_are_taken_as_they_are() -> None:
    featurizer = VectorFeaturizer(3)
    assert featurizer.n_features == 13
    features = featurizer.one(np.array([3, 0, 4], np.float32), None)
    np.testing.assert_allclose(features, [0.0] * 10 + [0.6, 0.0, 0.8], atol=1e-7)


def test_length_comes_from_the_prompt_or_the_caller() -> None:
    vector = embeddings(1)[0]

    def score(**request: Any) -> dict[str, float]:
        routed = router()
        routed.warm_start(
            [
                {"features": vector, "input_tokens": n, "model": "small", "satisfied": n < 100}
                for n in [5, 5000] * 100
            ]
        )
        return routed.select(features=vector, **request).p_satisfied

    assert score(input_tokens=5)["small"] > 0.6 > 0.4 > score(input_tokens=5000)["small"]
    assert score(prompt="x" * 20) == score(prompt="x" * 20, input_tokens=5)
    assert score(prompt="x" * 20)["small"] > 0.6 > 0.4 > score(prompt="x" * 20_000)["small"]


def test_form_comes_from_the_prompt() -> None:
    vector = embeddings(1)[0]
    routed = router()
    routed.warm_start(
        [
            {
                "features": vector,
                "prompt": prompt,
                "model": "small",
                "satisfied": prompt == "Is it so?",
            }
            for prompt in ["Is it so?", "So it is."] * 100
        ]
    )

    def score(prompt: Prompt | None) -> float:
        decision = routed.select(prompt, features=vector, input_tokens=3)
        return decision.p_satisfied["small"]

    assert score("Is it so?") > 0.6 > 0.4 > score("So it is.")
    assert score([{"role": "user", "content": "Is it so?"}]) == score("Is it so?")
    assert score("Is it so?") > score(None) > score("So it is.")


def test_without_an_embedding_a_request_is_routed_without_features() -> None:
    routed = router()
    assert routed.select("hello").reason == "fallback"
    assert routed.report().featurizer_errors == 1


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        (np.zeros(16, np.float32), ShapeError, r"features: must have shape \(96,\), got \(16,\)"),
        (np.zeros((1, 96), np.float32), ShapeError, r"must have shape \(96,\), got \(1, 96\)"),
        ([np.nan] * 96, NonFiniteError, r"features\[0\]: must be finite, got nan"),
    ],
)
def test_other_vectors_are_refused(vector: Any, error: type[Exception], message: str) -> None:
    routed = router()
    with pytest.raises(error, match=message):
        routed.select(features=vector)
    assert routed.report().decisions == 0


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="width: must be at least 1, got 0"):
        VectorFeaturizer(0)
    with pytest.raises(ConfigError, match="dims: must be at least 1, got 0"):
        VectorFeaturizer(3, 0)
    with pytest.raises(FeaturizerError, match="takes features of 3 numbers"):
        VectorFeaturizer(3)("hello")


def test_state_names_the_encoder() -> None:
    state = router(VectorFeaturizer(WIDTH, 15, "bge-2")).to_bytes()
    with pytest.raises(StateError, match=r"vectors:bge-2:width=96:.* as in the state"):
        Router.from_bytes(state, featurizer=VectorFeaturizer(WIDTH, 15, "bge-3"))


def test_a_log_fits_the_axes_of_a_new_router() -> None:
    fitted, random, by_hand = (
        router(),
        router(),
        router(VectorFeaturizer(WIDTH, 15).fitted(embeddings(60))),
    )
    fitted.warm_start(log(60))
    for other in (random, by_hand):
        other.warm_start(log(60), fit=False)
    state = fitted.to_bytes()
    assert state == by_hand.to_bytes() != random.to_bytes()
    loaded = Router.from_bytes(state, featurizer=VectorFeaturizer(WIDTH, 15))
    vector = embeddings(1, seed=1)[0]
    expected = fitted.select(features=vector).p_satisfied
    assert loaded.select(features=vector).p_satisfied == expected
    assert random.select(features=vector).p_satisfied != expected


def test_a_folder_keeps_fitted_axes(tmp_path: Path) -> None:
    def opened() -> Router:
        featurizer = VectorFeaturizer(WIDTH, 15)
        return Router.open(tmp_path / "r", MODELS, SLA(0.8), featurizer=featurizer)

    with opened() as routed:
        routed.warm_start(log(60))
        routed.select(features=embeddings(1)[0])
        # As a killed process would leave it.
        (tmp_path / "copy").mkdir()
        for file in (tmp_path / "r").iterdir():
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
        state = routed.to_bytes()
    for folder in ("r", "copy"):
        with Router.open(tmp_path / folder, featurizer=VectorFeaturizer(WIDTH, 15)) as found:
            assert found.to_bytes() == state


def test_what_cannot_be_fitted_is_said() -> None:
    few, used, narrow = router(), router(), router(VectorFeaturizer(WIDTH))
    used.select(features=embeddings(1)[0])
    static = Router(MODELS, SLA(0.8))
    cases = [
        (few, log(29), "fit: needs 30 prompts, not 29, got True"),
        (used, log(60), "fit: must be asked for before anything was decided or learned"),
        (narrow, log(60), "fit: needs embeddings wider than the 96 dimensions kept"),
        (static, [{"prompt": "hi", "model": "small", "satisfied": True}], "fit: needs a featuriz"),
    ]
    for routed, rows, message in cases:
        before = routed.to_bytes()
        with pytest.raises(InputError, match=message):
            routed.warm_start(rows, fit=True)
        assert routed.to_bytes() == before
        assert routed.warm_start(rows) == len(rows)


def test_a_bad_row_fits_nothing() -> None:
    routed = router()
    before = routed.to_bytes()
    for bad in ({"satisfied": 2.0}, {"features": [1.0]}, {"features": "x" * 96}):
        with pytest.raises(InputError, match="row 61"):
            routed.warm_start([*log(60), log(1)[0] | bad])
        assert routed.to_bytes() == before
    assert routed.select(features=embeddings(1)[0]).reason != "fallback"


def test_encoders_and_functions_are_fitted_too(tmp_path: Path) -> None:
    modernbert(tmp_path / "encoder")
    rows: list[dict[str, Any]] = [
        {"prompt": f"w{i} w{7 * i % 200}", "model": "small", "satisfied": i % 2} for i in range(60)
    ]

    def counts(prompt: str) -> list[float]:
        return [prompt.count(digit) for digit in "0123456789"]

    for make in (
        lambda: OnnxFeaturizer.from_folder(tmp_path / "encoder", dims=8),
        lambda: FunctionFeaturizer(counts, dims=4),
    ):
        fitted, random = (Router(MODELS, SLA(0.8), featurizer=make()) for _ in range(2))
        fitted.warm_start(rows)
        random.warm_start(rows, fit=False)
        assert fitted.to_bytes() != random.to_bytes()
        loaded = Router.from_bytes(fitted.to_bytes(), featurizer=make())
        by_hand = make().fit([row["prompt"] for row in rows])
        same = Router.from_bytes(fitted.to_bytes(), featurizer=by_hand)
        expected = fitted.select("w5 w6").score
        assert loaded.select("w5 w6").score == same.select("w5 w6").score == expected

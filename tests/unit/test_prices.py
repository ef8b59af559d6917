"""Prices per token: what a request is expected to cost beforehand, and what reports change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import (
    SLA,
    ConfigError,
    InputError,
    Model,
    Policy,
    Router,
    TokenPrice,
)
from messplus.featurizers.chat import estimate_tokens
from tests.zoo import StubFeaturizer

if TYPE_CHECKING:
    from pathlib import Path

SMALL = TokenPrice(input=0.5, output=1.5, output_tokens=200)
LARGE = TokenPrice(input=10.0, output=30.0, output_tokens=400, input_tokens=1000)
MODELS = [Model("small", SMALL), Model("large", LARGE)]
PRICES: dict[str, Any] = {
    "nano": {"input_cost_per_token": 1e-7, "output_cost_per_token": 4e-7, "mode": "chat"},
    "free": {"input_cost_per_token": 0, "output_cost_per_token": 0},
    "embedder": {"input_cost_per_token": 1e-7},
    "odd": {"input_cost_per_token": -1e-7, "output_cost_per_token": "4e-7"},
    "nan": {"input_cost_per_token": 1e-7, "output_cost_per_token": float("nan")},
    "empty": None,
}


def router(policy: Policy | None = None, models: list[Model] = MODELS) -> Router:
    return Router(models, SLA(0.8), policy, featurizer=StubFeaturizer())


def test_prices_are_per_million_tokens() -> None:
    assert SMALL.cost(input_tokens=1000) == pytest.approx(0.0008)
    assert SMALL.cost(1000, 100) == pytest.approx(0.00065)
    assert LARGE.cost() == pytest.approx(0.022)


@pytest.mark.parametrize("tokens", [1, 40, 100_000])
def test_before_any_bill_the_listed_price_of_the_very_request_is_expected(tokens: int) -> None:
    decision = router().select("hi", input_tokens=tokens)
    assert decision.expected_cost == pytest.approx(
        {"small": SMALL.cost(tokens), "large": LARGE.cost(tokens)}
    )


def test_the_prompt_tells_its_length_where_the_caller_does_not() -> None:
    prompt = "word " * 400
    expected = router().select(prompt).expected_cost["small"]
    assert expected == pytest.approx(SMALL.cost(500))
    assert router().select_many([prompt])[0].expected_cost["small"] == pytest.approx(expected)


def test_without_prompt_and_tokens_the_usual_length_is_priced() -> None:
    features = np.zeros(StubFeaturizer().n_features, np.float32)
    expected = router().select(features=features).expected_cost
    assert expected == pytest.approx({"small": SMALL.cost(), "large": LARGE.cost()})


def test_the_paper_takes_the_usual_length_for_all() -> None:
    expected = router(Policy.paper()).select("hi", input_tokens=7).expected_cost
    assert expected == pytest.approx({"small": SMALL.cost(), "large": LARGE.cost()})


def test_bills_correct_the_list_for_prompts_of_other_lengths_too() -> None:
    routed = router()
    for _ in range(300):
        decision = routed.select("hi", input_tokens=100, allowed=["small"])
        routed.feedback(decision, cost=3.0 * SMALL.cost(100))
    expected = routed.select("hi", input_tokens=5000).expected_cost["small"]
    assert expected == pytest.approx(3.0 * SMALL.cost(5000), rel=0.05)


def test_costs_of_the_caller_take_precedence() -> None:
    decision = router().select("hi", input_tokens=100, costs={"small": 7.0})
    assert decision.expected_cost == pytest.approx({"small": 7.0, "large": LARGE.cost(100)})


def test_saved_routers_know_the_tokens_of_decisions_under_way() -> None:
    straight = router()
    decisions = [straight.select("hi", input_tokens=n) for n in (5, 500, 50_000)]
    resumed = Router.from_bytes(straight.to_bytes(), featurizer=StubFeaturizer())
    for routed in (straight, resumed):
        for decision in decisions:
            routed.feedback(decision.id, True, cost=0.01)
    assert straight.to_bytes() == resumed.to_bytes()


def test_a_journal_replays_them(tmp_path: Path) -> None:
    with Router.open(tmp_path / "r", MODELS, SLA(0.8), featurizer=StubFeaturizer()) as routed:
        for n in (5, 500, 50_000):
            routed.feedback(routed.select("hi", input_tokens=n), True, cost=0.01)
        # As a killed process would leave it: no snapshot after the journal.
        (tmp_path / "copy").mkdir()
        for file in (tmp_path / "r").iterdir():
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
        state = routed.to_bytes()
    # The settings are found again, prices too.
    with Router.open(tmp_path / "copy", MODELS, SLA(0.8), featurizer=StubFeaturizer()) as recovered:
        assert recovered.recovery is not None
        # A minute or two have begun meanwhile as well.
        assert recovered.recovery.replayed in (7, 8)
        assert recovered.to_bytes() == state


@pytest.mark.parametrize("tokens", [0, -1, 1.5, "9", True, 2**32, float("nan")])
def test_tokens_are_integers_from_one(tokens: object) -> None:
    routed = router()
    before = routed.to_bytes()
    with pytest.raises(InputError, match=r"input_tokens: must be an integer in \[1, 4294967295\]"):
        routed.select("hi", input_tokens=tokens)  # type: ignore[arg-type]
    assert routed.to_bytes() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"input": -1.0}, "input"),
        ({"output": 1e13}, "output"),
        ({"output_tokens": 0.0}, "output_tokens"),
        ({"input_tokens": 0.5}, "input_tokens"),
        ({"input": float("nan")}, "input"),
        ({"output": "cheap"}, "output"),
        ({"output_tokens": None}, "output_tokens"),
    ],
)
def test_bad_prices_are_refused_by_name(change: dict[str, Any], field: str) -> None:
    prices = {"input": 1.0, "output": 2.0, "output_tokens": 300.0} | change
    with pytest.raises(ConfigError, match=rf"^models\[0\]\.cost\.{field}: .*, got "):
        router(models=[Model("m", TokenPrice(**prices))])


def test_maps_of_prices_are_read() -> None:
    model = Model.from_price_map(PRICES, "nano", 300, quality=0.7)
    assert model == Model("nano", TokenPrice(0.1, 0.4, 300), 0.7)
    assert Model.from_price_map(PRICES, "free", 300).cost == TokenPrice(0.0, 0.0, 300)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nanno", r"prices: must have the model, got 'nanno'; close to 'nano'"),
        ("xyz", r"prices: must have the model, got 'xyz'$"),
        ("embedder", r"prices\['embedder'\]\.output_cost_per_token: must be .*, got None"),
        ("odd", r"prices\['odd'\]\.input_cost_per_token: must be a number >= 0, got -1e-07"),
        ("nan", r"prices\['nan'\]\.output_cost_per_token: must be .*, got nan"),
        ("empty", r"prices\['empty'\]\.input_cost_per_token: must be .*, got None"),
    ],
)
def test_maps_that_tell_no_price_are_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Model.from_price_map(PRICES, name, 300)


def test_settings_files_spell_prices(tmp_path: Path) -> None:
    file = tmp_path / "router.toml"
    file.write_text(
        "[sla]\ntarget = 0.8\n"
        "[[models]]\nname = 'small'\n"
        "cost = { input = 0.5, output = 1.5, output_tokens = 200 }\n"
        "[[models]]\nname = 'large'\n[models.cost]\n"
        "input = 10.0\noutput = 30.0\noutput_tokens = 400\ninput_tokens = 1000\n"
    )
    read = Router.from_config(file, featurizer=StubFeaturizer())
    assert read.to_bytes() == router().to_bytes()


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("東京", 2),
        ("\ud800", 1),
        (
            [
                {"role": "system", "content": "x" * 40},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "y" * 40}, {"type": "image"}],
                },
                {"role": "assistant", "content": None, "tool_calls": []},
            ],
            20,
        ),
    ],
)
def test_four_bytes_of_all_messages_make_a_token(prompt: Any, tokens: int) -> None:
    assert estimate_tokens(prompt) == tokens

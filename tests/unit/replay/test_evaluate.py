import json
from pathlib import Path

import numpy as np
import pytest

from messplus.exceptions import ConfigError
from messplus.replay import Table, replay
from messplus.replay.features import policy_features
from messplus.replay.render import render


@pytest.mark.usefixtures("cache")
def test_the_json_form_is_the_contract(table: Table) -> None:
    result = replay(table, target=0.8, policies=["paper,v=0.05", "static-mix"], seeds=2)
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert found["table"].keys() >= {"path", "rows", "models", "mean_score", "mean_cost"}
    assert found["table"]["rows"] == 300
    assert found["table"]["complete_rows"] == 240
    assert found["table"]["mean_score"].keys() == {"small", "large"}
    assert (found["target"], found["cost"], found["stream"]) == (0.8, "cost", "shuffle")
    assert list(found["bounds"]) == [
        "best_single",
        "static_mix",
        "contextual_hindsight",
        "clairvoyant",
    ]
    assert list(found["policies"]) == ["paper,v=0.05", "static-mix"]
    for policy in found["policies"].values():
        assert policy.keys() == {
            "mean_cost",
            "satisfaction",
            "worst_seed_satisfaction",
            "cost_vs_static_mix",
            "final_backlog",
            "explored_share",
            "share",
            "core_us_per_step",
            "early",
            "seeds",
        }
        assert [one["seed"] for one in policy["seeds"]] == [0, 1]
        means = [one["mean_cost"] for one in policy["seeds"]]
        rates = [one["satisfaction"] for one in policy["seeds"]]
        assert policy["mean_cost"] == pytest.approx(np.mean(means))
        assert policy["satisfaction"] == pytest.approx(np.mean(rates))
        assert policy["worst_seed_satisfaction"] == min(rates)
        ratio = policy["mean_cost"] / found["bounds"]["static_mix"]
        assert policy["cost_vs_static_mix"] == pytest.approx(ratio)
        assert sum(policy["share"].values()) == pytest.approx(1.0)
    assert found["policies"]["paper,v=0.05"]["core_us_per_step"] > 0
    assert found["policies"]["static-mix"]["core_us_per_step"] is None


@pytest.mark.usefixtures("cache")
def test_a_bound_that_does_not_exist_is_null(table: Table) -> None:
    result = replay(table, target=0.99, policies=["random"])
    assert result.to_dict()["bounds"]["static_mix"] is None
    assert result.to_dict()["policies"]["random"]["cost_vs_static_mix"] is None
    assert "static mix" in render(result)


@pytest.mark.usefixtures("cache")
def test_the_text_names_every_policy_and_model(table: Table) -> None:
    text = render(replay(table, target=0.8, policies=["paper", "blind:paper"], feedback_delay=5))
    for expected in ("paper", "blind:paper", "small", "large", "240 complete rows", "5 requests"):
        assert expected in text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": 0.0}, "target"),
        ({"target": float("nan")}, "target"),
        ({"seeds": 0}, "seeds"),
        ({"policies": []}, "policies"),
        ({"policies": ["paper", "paper"]}, "distinct"),
    ],
)
def test_bad_arguments_are_refused(table: Table, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replay(table, **({"target": 0.8, "policies": ["paper"]} | settings))  # type: ignore[arg-type]


def test_features_are_computed_once(table: Table, cache: Path) -> None:
    first = policy_features(table)
    (stored,) = cache.glob("features/*.npy")
    np.testing.assert_array_equal(policy_features(table), first)
    # What is read is the file: a mark left in it comes back.
    np.save(stored, np.full_like(first, 7.0))
    assert (policy_features(table) == 7.0).all()
    stored.write_bytes(b"damaged")
    np.testing.assert_array_equal(policy_features(table), first)


def test_other_prompts_have_other_features(table: Table, cache: Path) -> None:
    policy_features(table)
    prompts = [*table.prompts[:-1], "another"]
    other = Table(table.path, prompts, None, table.models, table.scores, table.costs, table.cost)
    policy_features(other)
    assert len(list(cache.glob("features/*.npy"))) == 2
    with pytest.raises(ConfigError, match="tags"):
        policy_features(other, tags=True)


def test_tags_append_a_block_per_source(table: Table, cache: Path) -> None:
    plain, tagged = policy_features(table), policy_features(table, tags=True)
    np.testing.assert_array_equal(tagged[:, : plain.shape[1]], plain)
    assert len(np.unique(tagged[:, plain.shape[1] :], axis=0)) == 2
    assert cache.exists()


def test_a_cache_that_cannot_be_written_is_no_error(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MESSPLUS_CACHE", str(tmp_path / "file"))
    assert policy_features(table).shape[0] == 300

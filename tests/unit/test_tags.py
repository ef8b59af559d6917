"""Tags given to a router reach its predictor, and wrong ones are refused."""

from typing import Any

import numpy as np
import pytest

from messplus import InputError, Router, ShapeError
from messplus.featurizers import hash_tags
from tests.zoo import N_FEATURES, TAG_FEATURES, always_exploring, make_router


def test_a_tag_tells_equal_prompts_apart() -> None:
    router = make_router(always_exploring())
    for _ in range(200):
        router.feedback(router.select("same", tags={"task": "chat"}), satisfied=True)
        router.feedback(router.select("same", tags={"task": "proof"}), satisfied=False)
    chat = router.select("same", tags={"task": "chat"}).p_satisfied["large"]
    proof = router.select("same", tags={"task": "proof"}).p_satisfied["large"]
    assert chat > 0.9
    assert proof < 0.1


def test_tags_go_with_ready_features_too() -> None:
    by_prompt, by_features = (make_router(always_exploring(), seed=2) for _ in range(2))
    text = np.ones(N_FEATURES, np.float32)
    block = hash_tags({"task": "qa"}, TAG_FEATURES)
    by_prompt.feedback(by_prompt.select(features=text, tags={"task": "qa"}), satisfied=True)
    whole = np.concatenate([text, block])
    by_features.feedback(by_features.select(features=whole), satisfied=True)
    assert by_prompt.select("x").p_satisfied == by_features.select("x").p_satisfied


@pytest.mark.parametrize("tags", [{"task": 1}, {1: "qa"}, {"task": None}, ["task"], "task", 7])
def test_tags_must_map_strings_to_strings(router: Router, tags: Any) -> None:
    before = router.to_bytes()
    with pytest.raises(InputError, match=r"^tags: "):
        router.select("x", tags=tags)
    with pytest.raises(InputError, match=r"^tags: "):
        router.select(features=np.zeros(N_FEATURES), tags=tags)
    assert router.to_bytes() == before
    assert router.report().featurizer_errors == 0


def test_a_router_without_room_for_tags_says_so() -> None:
    router = make_router(tag_features=0)
    router.select("x")
    with pytest.raises(InputError, match="tag_features=0"):
        router.select("x", tags={"task": "qa"})


def test_a_whole_vector_leaves_no_room_for_tags(router: Router) -> None:
    with pytest.raises(ShapeError, match=r"^features: .*\(4,\), got \(12,\)"):
        router.select(features=np.zeros(N_FEATURES + TAG_FEATURES), tags={"task": "qa"})

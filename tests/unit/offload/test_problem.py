"""Actions, costs, rewards, budgets, data sets: the statement of the problem."""

import math

import numpy as np
import pytest

from messplus.exceptions import ConfigError, InputError, ShapeError
from messplus.offload import (
    Action,
    ActionSpace,
    Budget,
    CostTable,
    Dialogue,
    KnnEstimator,
    OfflineDataset,
    RewardWeights,
    Turn,
    generate,
    local_call,
)

SPACE = ActionSpace(("a", "b", "c"))


def test_actions_are_ordered_by_size_then_position() -> None:
    subsets = [SPACE.decode(index).modalities for index in range(1, len(SPACE))]
    names = ["", "a", "b", "c", "ab", "ac", "bc", "abc"]
    assert subsets == [tuple(name) for name in names]
    assert SPACE.decode(0) == Action("local")


@pytest.mark.parametrize("size", [1, 4, 12])
def test_encode_inverts_decode(size: int) -> None:
    space = ActionSpace(tuple(str(m) for m in range(size)))
    assert len(space) == 1 + 2**size
    for index in range(len(space)):
        action = space.decode(index)
        assert space.encode(action.location, reversed(action.modalities)) == index


def test_levels_and_masks() -> None:
    assert [SPACE.level(index) for index in range(9)] == [0, 1, 2, 2, 2, 3, 3, 3, 4]
    assert sum(SPACE.mask(1)) == 5
    assert SPACE.mask(3, cloud=False) == [True] + [False] * 8


def test_bad_actions_are_refused() -> None:
    with pytest.raises(InputError, match="got 9"):
        SPACE.decode(9)
    with pytest.raises(InputError, match="'d'"):
        SPACE.encode("cloud", ["d"])
    with pytest.raises(InputError, match="location"):
        SPACE.encode("local", ["a"])
    with pytest.raises(ConfigError, match="unique"):
        ActionSpace(("a", "a"))
    with pytest.raises(ConfigError, match="1 to 12"):
        ActionSpace(tuple(str(m) for m in range(13)))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("wired", [0, 0.925142, 0.681413, 0.894355, 1]),
        ("wifi", [0, 0.219428, 0.847299, 0.900295, 1]),
        ("5g", [0, 0.068749, 0.847887, 0.900655, 1]),
        ("4g", [0, 0.024976, 0.848172, 0.900979, 1]),
    ],
)
def test_normalised_levels_of_the_published_tables(network: str, expected: list[float]) -> None:
    costs = CostTable.published(network)
    weights = RewardWeights()
    actions = [0, 1, 2, 5, 8]
    rewards = [weights.reward(SPACE, a, 0.0, [0.2, 0.2, 0.2], costs) for a in actions]
    assert [reward.latency for reward in rewards] == pytest.approx(expected, abs=1e-6)
    usage = [0, 0.035818, 0.365497, 0.690789, 1]
    assert [reward.cost for reward in rewards] == pytest.approx(usage, abs=1e-6)
    total = 0.5 + (1 - 1 - 1) / 3
    assert weights.reward(SPACE, 8, 0.5, [0.2, 0.2, 0.2], costs).total == pytest.approx(total)


def test_local_calls_of_the_published_devices() -> None:
    assert CostTable.published(device="raspberry pi 4b").latency[0] == pytest.approx(1.12593, 1e-5)
    tx2 = CostTable.published()
    assert tx2.latency[0] == pytest.approx(0.0114286, 1e-5)
    assert tx2.cost[0] == pytest.approx(7.94286e-9, 1e-5)
    seconds, usd = local_call(3.8e9, 2048, 1.33e12, 15.0, tx2.cost[0] / (15 * tx2.latency[0]))
    # Two operations per parameter and token: 1024 times the published 11 ms.
    assert seconds == pytest.approx(1024 * tx2.latency[0])
    assert usd == pytest.approx(1024 * tx2.cost[0])


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_bad_numbers_are_refused(bad: float) -> None:
    with pytest.raises(ConfigError, match=r"latency\[1\]"):
        CostTable((0.0, bad, 1.0), (0.0, 0.0, 0.0))
    with pytest.raises(ConfigError, match="cost weight"):
        RewardWeights(cost=bad)
    if bad != math.inf:
        with pytest.raises(ConfigError, match="budget latency"):
            Budget(latency=bad)


def test_generated_data_is_as_described() -> None:
    data = generate(3, 4, 5, dialogues=4000, seed=3)
    turns = [turn for d in range(len(data)) for turn in data[d].turns]
    assert data.lengths == [5] * 4000
    cloud = [turn for turn in turns if turn.action > 0]
    assert len(cloud) / len(turns) == pytest.approx(0.5, abs=0.02)
    with_views = [turn for turn in cloud if turn.action > 1]
    assert len(with_views) / len(cloud) == pytest.approx(0.7, abs=0.02)
    local = [turn.score for turn in turns if turn.action == 0]
    assert np.mean(local) == pytest.approx(0.701, abs=0.01)
    first_text = [data[d].turns[0].score for d in range(4000) if data[d].turns[0].action == 1]
    assert np.mean(first_text) == pytest.approx(1.0, abs=0.04)
    mass = np.array([turn.association for turn in turns])
    assert mass.min() >= 0.1
    assert mass.max() <= 0.5
    assert mass.mean() == pytest.approx(0.3, abs=0.005)
    assert generate(3, 4, 5, 50, seed=3)[17] == data[17]
    assert generate(3, 4, 5, 50, seed=4)[17] != data[17]


def test_bad_turns_are_named() -> None:
    good = Turn("x", 3, 1.0, (0.1, 0.2, 0.3))

    def build(turn: Turn) -> None:
        OfflineDataset(SPACE, ["x", "y"], [Dialogue((good,)), Dialogue((good, turn))])

    build(good)
    for turn, message in [
        (Turn("z", 3, 1.0, (0.1, 0.2, 0.3)), "dialogue 1, turn 1, task: .*'z'"),
        (Turn("x", 9, 1.0, (0.1, 0.2, 0.3)), "dialogue 1, turn 1, action: .*9"),
        (Turn("x", -1, 1.0, (0.1, 0.2, 0.3)), "dialogue 1, turn 1, action:"),
        (Turn("x", 3, math.nan, (0.1, 0.2, 0.3)), "dialogue 1, turn 1, score: .*NaN"),
        (Turn("x", 3, 1.0, (0.1, 0.2)), "dialogue 1, turn 1, association:"),
        (Turn("x", 3, 1.0, (0.1, 0.2, -0.3)), "dialogue 1, turn 1, association:"),
    ]:
        with pytest.raises(InputError, match=message):
            build(turn)
    with pytest.raises(InputError, match="dialogue 0"):
        OfflineDataset(SPACE, ["x"], [Dialogue(())])


def test_split_keeps_every_dialogue_once() -> None:
    data = generate(2, 2, 3, dialogues=50, seed=1)
    train, test = data.train_test_split(test=0.3, seed=5)
    assert (len(train), len(test)) == (35, 15)
    every = sorted(repr(part[d]) for part in (train, test) for d in range(len(part)))
    assert every == sorted(repr(data[d]) for d in range(50))
    with pytest.raises(InputError, match="test"):
        data.train_test_split(test=0.0)


def test_an_exact_match_decides_the_estimate() -> None:
    turns = [Dialogue((Turn("x", a, 0.1 * a, (0.1, 0.2, 0.3)),)) for a in range(9)]
    estimator = KnnEstimator(OfflineDataset(SPACE, ["x"], turns), k=1, span=2)
    observation = [-1.0] * 9 + [0.0]
    observation[5:] = [-1.0, 0.0, 0.0, 0.0, 0.0]
    predicted = estimator.predict_all(observation)
    assert predicted == pytest.approx([0.1 * a for a in range(9)])
    with pytest.raises(ShapeError, match="observation"):
        estimator.predict_all(observation[1:])
    with pytest.raises(InputError, match="observation"):
        estimator.predict_all([0.5] * 10)

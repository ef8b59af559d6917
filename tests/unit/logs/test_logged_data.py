"""Learning from logged data: predictions change, accounts do not, and bad rows change nothing."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from messplus import SLA, FeaturizerError, InputError, Limit, Model, Policy, Router
from tests.zoo import N_FEATURES, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

RECORDS: list[dict[str, Any]] = [
    {
        "prompt": f"question {index}",
        "model": ("small", "medium", "large")[index % 3],
        "satisfied": index % 3 > 0,
        "cost": 1.0 + index % 5,
        "asked_at": "yesterday",
    }
    for index in range(60)
]
COLUMNS = {name: [record[name] for record in RECORDS] for name in RECORDS[0]}


def warm(log: Any, **settings: Any) -> Router:
    router = make_router(**settings)
    router.warm_start(log)
    return router


@pytest.mark.parametrize("policy", [Policy.default(), Policy.paper(lr=0.1)])
def test_predictions_change_and_accounts_do_not(policy: Policy) -> None:
    router = make_router(policy)
    for index in range(5):
        router.feedback(router.select(f"prompt {index}"), satisfied=False)
    cold = router.select("question 1")
    before = router.report()
    assert router.warm_start(RECORDS) == 60
    assert router.report() == before
    warmed = router.select("question 1")
    assert warmed.p_satisfied["small"] < cold.p_satisfied["small"]
    assert warmed.expected_cost != cold.expected_cost
    assert warmed.reason != "warm-up"


def write_csv(path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(zip(*COLUMNS.values(), strict=True))
    return path


def write_jsonl(path: Path) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return path


def write_parquet(path: Path) -> Path:
    pytest.importorskip("pyarrow.parquet").write_table(arrow(), path)
    return path


def arrow() -> Any:
    return pytest.importorskip("pyarrow").table(COLUMNS)


class Frame:
    """What a data frame has of a mapping."""

    def keys(self) -> Sequence[str]:
        return list(COLUMNS)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return np.array(COLUMNS[name])


def test_every_form_of_a_log_teaches_the_same(tmp_path: Path) -> None:
    expected = warm(RECORDS).to_bytes()
    assert warm(COLUMNS).to_bytes() == expected
    assert warm(Frame()).to_bytes() == expected
    assert warm(arrow()).to_bytes() == expected
    assert warm(write_csv(tmp_path / "log.csv")).to_bytes() == expected
    assert warm(str(write_jsonl(tmp_path / "log.jsonl"))).to_bytes() == expected
    assert warm(write_parquet(tmp_path / "log.parquet")).to_bytes() == expected


def test_features_stand_for_prompts() -> None:
    ready = [
        {
            **record,
            "prompt": None,
            "features": StubFeaturizer()(record["prompt"]),
            "input_tokens": 3,
        }
        for record in RECORDS
    ]
    prompts = [{**record, "input_tokens": 3} for record in RECORDS]
    assert warm(ready).to_bytes() == warm(prompts).to_bytes()


def test_tags_and_messages_are_features_too() -> None:
    def p_small(log: list[dict[str, Any]], **request: Any) -> float:
        return warm(log).select(**request).p_satisfied["small"]

    hard = {"model": "small", "satisfied": False, "tags": {"task": "law"}}
    easy = {"model": "small", "satisfied": True, "tags": {"task": "chat"}}
    log = [hard, easy] * 50
    features = np.zeros(N_FEATURES, np.float32)
    assert p_small(log, features=features, tags={"task": "law"}) < 0.3
    assert p_small(log, features=features, tags={"task": "chat"}) > 0.7
    chat = [{**hard, "prompt": [{"role": "user", "content": "hi"}], "tags": None}]
    text = [{**hard, "prompt": "hi", "tags": None}]
    assert p_small(chat, prompt="hi") == p_small(text, prompt="hi")


def test_latencies_are_learned_where_they_are_limited() -> None:
    models, limits = [Model("small", 1.0)], [Limit("latency", 0.5)]
    router = Router(models, SLA(0.6), limits=limits, featurizer=StubFeaturizer())
    router.warm_start([{"prompt": "hi", "model": "small", "latency": 3.0}] * 50)
    assert router.select("hi").expected_latency["small"] == pytest.approx(3.0, rel=0.1)
    assert router.report().models["small"].mean_latency is None


def test_rows_without_an_outcome_teach_nothing() -> None:
    log = [{"model": "small", "prompt": "hi", "satisfied": None, "cost": float("nan")}]
    router = make_router()
    before = router.to_bytes()
    assert router.warm_start(log) == 0
    assert router.to_bytes() == before


def test_a_warm_router_goes_on_bit_for_bit_after_save_and_load() -> None:
    router = warm(RECORDS)
    copy = Router.from_bytes(router.to_bytes(), featurizer=StubFeaturizer())
    for index in range(50):
        mine, other = (r.select(f"prompt {index}") for r in (router, copy))
        assert (mine.model, mine.score) == (other.model, other.score)
        router.feedback(mine, satisfied=index % 2)
        copy.feedback(other, satisfied=index % 2)


def test_a_journal_replays_it(tmp_path: Path) -> None:
    models = [Model("small", 1.0), Model("medium", 2.5), Model("large", 10.0)]
    log = RECORDS * 10  # more rows than are learned under one lock
    (tmp_path / "copy").mkdir()
    with Router.open(tmp_path / "r", models, SLA(0.8), featurizer=StubFeaturizer()) as router:
        router.select("before")
        router.warm_start(log)
        router.select("after")
        # As a killed process would leave it.
        for file in (tmp_path / "r").iterdir():
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
        state = router.to_bytes()
    with Router.open(tmp_path / "copy", featurizer=StubFeaturizer()) as recovered:
        assert recovered.recovery is not None
        # Beside them, what the clock said.
        assert recovered.recovery.replayed >= len(log) + 2
        assert recovered.to_bytes() == state


GOOD = {"prompt": "hi", "model": "small", "satisfied": True, "cost": 1.0}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"model": "tiny"}, r"row 3: model: must be one of .*'large'\], got 'tiny'"),
        ({"model": None}, r"row 3: model: .*, got None"),
        ({"satisfied": 1.5}, r"row 3: satisfied\[\"small\"\]: must be in \[0, 1\], got 1.5"),
        ({"satisfied": "often"}, r"row 3: satisfied: must be a number or missing, got 'often'"),
        ({"cost": -1.0}, r"row 3: cost\[\"small\"\]: must be in \[0, 1e18\], got -1"),
        ({"cost": float("inf")}, r"row 3: cost.*, got inf"),
        ({"latency": -0.5}, r"row 3: latency.*, got -0.5"),
        ({"cost": [1.0]}, r"row 3: cost: must be a number or missing, got \[1.0\]"),
        ({"input_tokens": 0}, r"row 3: input_tokens: must be an integer in .*, got 0"),
        ({"input_tokens": 1.5}, r"row 3: input_tokens: must be an integer in .*, got 1.5"),
        ({"prompt": 7}, r"row 3: prompt: must be a string or a list of messages, got int"),
        ({"prompt": [7]}, r"row 3: prompt: messages must be mappings or have a content, got int"),
        ({"tags": {"task": 7}}, r"row 3: tags: names and values must be strings"),
        ({"features": [1.0]}, r"row 3: features: must have shape"),
        ({"features": [float("nan")] * N_FEATURES}, r"row 3: features.*, got NaN"),
    ],
)
def test_a_bad_row_is_named_and_nothing_changes(bad: dict[str, Any], message: str) -> None:
    router = make_router()
    before = router.to_bytes()
    with pytest.raises(InputError, match=message):
        router.warm_start([GOOD, GOOD, GOOD | bad, GOOD])
    assert router.to_bytes() == before


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ({"prompt": ["hi"], "satisfied": [True]}, "must have a column 'model', got 'prompt'"),
        ({"model": ["small"]}, "must have a column 'satisfied' or 'cost' or 'latency'"),
        ({"model": ["small"], "cost": [1.0, 2.0]}, r"columns must be of one length, got \[1, 2\]"),
        ([], "must have a column 'model', got none"),
        (["hi"], "must be a file, columns or records, got list"),
        (7, "must be a file, columns or records, got int"),
        ("log.xlsx", r"must end in .parquet, .csv or .jsonl"),
    ],
)
def test_what_is_no_log_is_refused(log: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_router().warm_start(log)


def test_a_featurizer_that_fails_changes_nothing() -> None:
    class Broken(StubFeaturizer):
        def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
            raise RuntimeError(len(prompts))

    router = Router([Model("small", 1.0)], SLA(0.8), featurizer=Broken())
    before = router.to_bytes()
    with pytest.raises(FeaturizerError, match="featurizer: RuntimeError"):
        router.warm_start([GOOD])
    assert router.to_bytes() == before

"""Tokenization of the embedded table, against ids made once with the reference tokenizer."""

from pathlib import Path

import numpy as np
import pytest

import messplus
from messplus import ConfigError, ShapeError
from messplus._core import StaticTable

VOCABULARY = Path(messplus.__file__).parent / "featurizers" / "data" / "vocab.txt"


def table(vocabulary: str, max_tokens: int) -> StaticTable:
    n = len(vocabulary.splitlines())
    return StaticTable(vocabulary, np.ones((n, 1), np.int8), np.ones(1, np.float32), max_tokens)


@pytest.fixture(scope="module")
def tokenizer() -> StaticTable:
    return table(VOCABULARY.read_text(encoding="utf-8"), 64)


def ids_of(tokenizer: StaticTable, text: str) -> list[int]:
    return tokenizer.tokenize(text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", [7592, 1010, 2088, 999]),
        ("unaffable", [14477, 20961, 3468]),
        ("Café déjà-vu ÅNGSTRÖM", [7668, 2139, 3900, 1011, 24728, 17076, 15687]),
        ("東京 tower", [1879, 1755, 3578]),
        ("don't  stop\tnow\r\n", [2123, 1005, 1056, 2644, 2085]),
        ("\x00a\x0bb\x7fc", [5925]),
        ("x" * 101, [100]),
        ("“quoted” — dash…", [1523, 9339, 1524, 1517, 11454, 1529]),
        ("\u0130stanbul Straße", [9960, 2358, 27807]),
        ("한국어", [1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008]),
        ("a\u200bb\u00a0c", [11113, 1039]),
        ("😀 smile", [100, 2868]),
        ("\u03a3\u0391\u03a3", [1173, 14608, 29733]),
        ("é" * 60, [25212] + [4402] * 29),
        ("", []),
        (" \n ", []),
    ],
)
def test_tokens_are_those_of_the_reference(
    tokenizer: StaticTable, text: str, expected: list[int]
) -> None:
    assert ids_of(tokenizer, text) == expected


def test_special_token_names_in_a_prompt_are_text(tokenizer: StaticTable) -> None:
    assert not {101, 102} & set(ids_of(tokenizer, "[CLS] ignore this [SEP]"))


def test_tokens_are_counted_before_truncation(tokenizer: StaticTable) -> None:
    assert tokenizer.tokenize("the cat and the dog and the bird")[1] == 8.0
    assert tokenizer.tokenize("one " * 70)[1] == 70.0


def test_a_token_counts_once(tokenizer: StaticTable) -> None:
    # Every row of this table is one: an embedding is the number of distinct tokens, at length one.
    tail = 3
    features = tokenizer.features("the the", tail)
    assert features[10:].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert tokenizer.batch(["the the"])[0].tobytes() == features[:-tail].tobytes()


def test_truncation_keeps_first_and_last_tokens(tokenizer: StaticTable) -> None:
    text = "one " * 50 + "middle " * 50 + "two " * 50
    ids = ids_of(tokenizer, text)
    assert len(ids) == 64
    assert set(ids[:32]) == {2028}
    assert set(ids[32:]) == {2048}


def test_long_text_is_cut_before_it_is_tokenized(tokenizer: StaticTable) -> None:
    # 16 bytes for each of 64 tokens: 512 from the front, 512 from the back.
    words = "one " * 128 + "é" * 1_000_000 + " two" * 128
    ids, tokens = tokenizer.tokenize(words)
    assert len(ids) == 64
    assert set(ids) == {2028, 2048}
    # 256 tokens in the 1,024 bytes read stand for 2,001,024 bytes.
    assert tokens == pytest.approx(256 * 2_001_024 / 1_024)


def test_a_cut_inside_a_character_moves_to_its_boundary(tokenizer: StaticTable) -> None:
    assert set(ids_of(tokenizer, "東" * 10_000)) == {1879}


def test_lone_surrogates_do_not_fail_a_request(tokenizer: StaticTable) -> None:
    assert ids_of(tokenizer, "hello \ud800 world") == [7592, 2088]


def test_a_vocabulary_without_unknown_token_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"vocabulary: must have an entry \[UNK\]"):
        table("a\nb\n", 8)


def test_a_table_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="rows: must be 2 values, got 3"):
        StaticTable("[UNK]\na\n", np.ones((3, 1), np.int8), np.ones(1, np.float32), 8)

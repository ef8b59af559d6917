"""Tokenization of the embedded table, against ids made once with the reference tokenizer."""

from pathlib import Path

import numpy as np
import pytest

import messplus
from messplus._core import WordPiece

VOCABULARY = Path(messplus.__file__).parent / "featurizers" / "data" / "vocab.txt"


@pytest.fixture(scope="module")
def tokenizer() -> WordPiece:
    return WordPiece(VOCABULARY.read_text(encoding="utf-8"), 64)


def ids_of(tokenizer: WordPiece, text: str) -> list[int]:
    ids, _, tokens = tokenizer.encode([text])
    return [int(token) for token in ids[0, : int(tokens[0])]]


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
    tokenizer: WordPiece, text: str, expected: list[int]
) -> None:
    assert ids_of(tokenizer, text) == expected


def test_special_token_names_in_a_prompt_are_text(tokenizer: WordPiece) -> None:
    assert not {101, 102} & set(ids_of(tokenizer, "[CLS] ignore this [SEP]"))


def test_batches_are_padded_and_masked(tokenizer: WordPiece) -> None:
    ids, mask, tokens = tokenizer.encode(["Hello, world!", "", "hello"])
    assert ids.dtype == np.int32
    assert ids.shape == (3, 4)
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[[1, 1, 1, 1]], [[0, 0, 0, 0]], [[1, 0, 0, 0]]]
    assert tokens.tolist() == [4.0, 0.0, 1.0]


def test_a_token_counts_once(tokenizer: WordPiece) -> None:
    ids, mask, tokens = tokenizer.encode(["the cat and the dog and the bird", "the the"])
    assert mask[:, 0].tolist() == [[1, 1, 1, 0, 1, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0, 0]]
    assert ids[0, 0] == ids[0, 3] == ids[1, 1]
    assert tokens.tolist() == [8.0, 2.0]


def test_truncation_keeps_first_and_last_tokens(tokenizer: WordPiece) -> None:
    text = "one " * 50 + "middle " * 50 + "two " * 50
    ids = ids_of(tokenizer, text)
    assert len(ids) == 64
    assert set(ids[:32]) == {2028}
    assert set(ids[32:]) == {2048}


def test_long_text_is_cut_before_it_is_tokenized(tokenizer: WordPiece) -> None:
    # 16 bytes for each of 64 tokens: 512 from the front, 512 from the back.
    words = "one " * 128 + "é" * 1_000_000 + " two" * 128
    ids, _, tokens = tokenizer.encode([words])
    assert ids.shape == (1, 64)
    assert set(ids[0].tolist()) == {2028, 2048}
    # 256 tokens in the 1,024 bytes read stand for 2,001,024 bytes.
    assert tokens[0] == pytest.approx(256 * 2_001_024 / 1_024)


def test_a_cut_inside_a_character_moves_to_its_boundary(tokenizer: WordPiece) -> None:
    assert set(ids_of(tokenizer, "東" * 10_000)) == {1879}


def test_lone_surrogates_do_not_fail_a_request(tokenizer: WordPiece) -> None:
    assert ids_of(tokenizer, "hello \ud800 world") == [7592, 2088]


def test_a_vocabulary_without_unknown_token_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[UNK\]"):
        WordPiece("a\nb\n", 8)

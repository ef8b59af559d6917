"""Surface features of a text: each number against a plain recomputation."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messplus._core import SURFACE_FEATURES, text_features
from messplus.exceptions import ShapeError

NAMES = [
    "length",
    "lines",
    "digits",
    "capitals",
    "mathematics",
    "code",
    "not_ascii",
    "word_length",
    "asks",
    "ends_asking",
]
# The bytes read at each end of a long text.
END = 4096
PIECES = [
    "a",
    "Word ",
    "7",
    "+=\\",
    "f(x);",
    "`",
    "?",
    "\n",
    " \t\r\v\f",
    "é",
    "東",
    "\0",
    "\ud800",
]


def surface(*texts: str, tokens: float = 33.0) -> npt.NDArray[np.float32]:
    lengths = np.full(len(texts), tokens, np.float32)
    features = text_features(list(texts), lengths, np.ones((len(texts), 1), np.float32), 1)
    return features[:, :SURFACE_FEATURES]


def named(text: str) -> dict[str, float]:
    return dict(zip(NAMES, surface(text)[0].tolist(), strict=True))


def ends(data: bytes) -> tuple[bytes, bytes]:
    """The first and last bytes of a long text, cut between characters."""
    if len(data) <= 2 * END:
        return data, b""
    head, tail = END, len(data) - END
    while data[head] & 0xC0 == 0x80:
        head -= 1
    while data[tail] & 0xC0 == 0x80:
        tail += 1
    return data[:head], data[tail:]


def oracle(text: str, tokens: float) -> list[float]:
    data = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()
    length = 0.3 * (math.log(max(tokens, 1.0)) - 3.5) / 1.5
    if not data:
        return [length] + 9 * [0.0]
    head, tail = ends(data)
    read = head + tail
    words = head.split() + tail.split()

    def share(bytes_: bytes) -> float:
        return sum(byte in bytes_ for byte in read) / len(read)

    def unusual(value: float, usual: float, spread: float) -> float:
        return 0.4 * min(max((value - usual) / spread, -3.0), 3.0)

    return [
        length,
        unusual(math.log(read.count(b"\n") * len(data) / len(read) + 1), 1.0, 1.0),
        unusual(share(b"0123456789"), 0.0, 0.1),
        unusual(share(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0.0, 0.1),
        unusual(share(b"+-*/=<>^%$\\"), 0.0, 0.05),
        unusual(share(b"()[]{};_`"), 0.0, 0.05),
        unusual(sum(byte >= 0x80 for byte in read) / len(read), 0.0, 0.1),
        unusual(sum(map(len, words)) / len(words), 5.0, 1.0) if words else 0.0,
        unusual(b"?" in read, 0.0, 1.0),
        unusual((tail or head).rstrip().endswith(b"?"), 0.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("one line", "lines", -0.4),
        ("\n" * 19, "lines", 0.4 * (math.log(20) - 1)),
        ("\n" * 99, "lines", 1.2),
        ("in the year 99, at most", "digits", 0.4 * (2 / 23) / 0.1),
        ("1234", "digits", 1.2),
        ("he met Ann at", "capitals", 0.4 * (1 / 13) / 0.1),
        ("so $x^2 plus a word is a sum of many things", "mathematics", 0.4 * (2 / 43) / 0.05),
        ("say that a call of f(x) returns a number now", "code", 0.4 * (2 / 44) / 0.05),
        ("it is in a café, she said so", "not_ascii", 0.4 * (2 / 29) / 0.1),
        ("four more", "word_length", -0.4),
        ("  sixsix\t \n sixsix  ", "word_length", 0.4),
        (" \t\n\v\f\r", "word_length", 0.0),
        ("why? because", "asks", 0.4),
        ("why? because", "ends_asking", 0.0),
        ("because of what? \n\t", "ends_asking", 0.4),
    ],
)
def test_what_a_number_counts(text: str, name: str, expected: float) -> None:
    assert named(text)[name] == pytest.approx(expected, abs=1e-6)


def test_length_is_that_of_the_tokens() -> None:
    lengths = [surface("a", tokens=n)[0, 0] for n in (0, 1, 33, 1e9)]
    expected = [0.2 * (math.log(max(n, 1)) - 3.5) for n in (0, 1, 33, 1e9)]
    assert lengths == pytest.approx(expected, abs=1e-6)


def test_an_empty_text_has_a_length_only() -> None:
    assert surface("", tokens=1.0)[0].tolist() == [pytest.approx(-0.7)] + 9 * [0.0]
    assert surface().shape == (0, SURFACE_FEATURES) == (0, len(NAMES))


def test_a_long_text_is_read_at_both_ends() -> None:
    long = named("x" * (END - 1) + "\n" + "7" * 91_808 + "y" * (END - 1) + "?")
    # Nothing of what lies between the ends, but as many lines as the whole would have.
    assert long["digits"] == 0.0
    assert long["lines"] == pytest.approx(0.4 * (math.log(100_000 / 8192 + 1) - 1), abs=1e-6)
    assert long["ends_asking"] == pytest.approx(0.4)


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(), max_size=20),
            st.builds(str.__mul__, st.sampled_from(PIECES), st.sampled_from([1, 2, 40, 5000])),
        ),
        max_size=8,
    ).map("".join),
    st.floats(0.0, 1e9, width=32),
)
def test_every_text_has_its_surface(text: str, tokens: float) -> None:
    found = surface(text, tokens=tokens)[0]
    np.testing.assert_allclose(found, oracle(text, tokens), rtol=0.0, atol=2e-6)
    assert np.abs(found[1:]).max() <= np.float32(1.2)
    together = surface("What?", text, "", text, tokens=tokens)
    assert together[1].tobytes() == together[3].tobytes() == found.tobytes()


@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_has_a_surface(piece: str) -> None:
    text = piece * (2**20 // len(piece.encode("utf-8", "surrogatepass")))
    np.testing.assert_allclose(surface(text)[0], oracle(text, 33.0), rtol=0.0, atol=2e-6)


def test_other_shapes_are_refused() -> None:
    embedding = np.ones((1, 3), np.float32)
    with pytest.raises(ShapeError, match="tokens: must be one per text, 1, got 2"):
        text_features(["a"], np.ones(2, np.float32), embedding, 3)
    with pytest.raises(ShapeError, match="tokens: must be a C-ordered 1-d float32 array"):
        text_features(["a"], np.ones(1), embedding, 3)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="embeddings: must be 2 rows of at least 3"):
        text_features(["a", "b"], np.ones(2, np.float32), embedding, 3)
    with pytest.raises(ShapeError, match="embeddings: must be 1 rows of at least 4"):
        text_features(["a"], np.ones(1, np.float32), embedding, 4)


def test_features_are_those_of_the_surface_then_the_embedding() -> None:
    embeddings = np.array([[3, 4, 9], [0, 0, 9]], np.float32)
    features = text_features(["Why?", "So."], np.full(2, 33.0, np.float32), embeddings, 2)
    np.testing.assert_array_equal(features[:, :10], surface("Why?", "So."))
    np.testing.assert_allclose(features[:, 10:], [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)

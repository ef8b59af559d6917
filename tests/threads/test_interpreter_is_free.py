"""Reading texts runs beside Python, not instead of it."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from build_encoder_folder import word_tokenizer

import messplus
from messplus._core import FolderTokenizer, WordPiece, surface_features

VOCABULARY = Path(messplus.__file__).parent / "featurizers" / "data" / "vocab.txt"


def embedded() -> Callable[[list[str]], object]:
    return WordPiece(VOCABULARY.read_text(encoding="utf-8"), 512).encode


def folder() -> Callable[[list[str]], object]:
    return FolderTokenizer(json.dumps(word_tokenizer(["word"])).encode(), 512).encode


def surface() -> Callable[[list[str]], object]:
    return lambda texts: surface_features(texts, np.ones(len(texts), np.float32))


@pytest.mark.parametrize("make", [embedded, folder, surface])
def test_another_thread_goes_on_during_one_long_call(
    make: Callable[[], Callable[[list[str]], object]],
) -> None:
    encode, texts = make(), ["word " * 1600] * 64
    took = 0.0
    # Long enough that pauses of the scheduler are short beside it.
    while took < 0.5:
        texts = texts * 2
        start = time.perf_counter()
        encode(texts)
        took = time.perf_counter() - start

    longest_gap, span = watch(lambda: encode(texts))
    assert longest_gap < 0.8 * span


def watch(call: Callable[[], object]) -> tuple[float, float]:
    """Run a call in a thread; return the longest time this one stood still, and its duration."""
    begun, ended = threading.Event(), threading.Event()
    spans: list[float] = []

    def run() -> None:
        begun.set()
        start = time.perf_counter()
        call()
        spans.append(time.perf_counter() - start)
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    last, gap = time.perf_counter(), 0.0
    while not ended.is_set():
        now = time.perf_counter()
        last, gap = now, max(gap, now - last)
    thread.join()
    return max(gap, time.perf_counter() - last), spans[0]

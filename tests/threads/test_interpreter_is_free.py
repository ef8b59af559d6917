"""Reading texts runs beside Python, not instead of it."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from build_encoder_folder import word_tokenizer

from messplus._core import FolderTokenizer, text_features
from messplus.featurizers import StaticFeaturizer

pytestmark = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="this interpreter has no global lock to give up",
)

TEXTS = ["word " * 1600] * 16
CALLS = 1000


def static() -> Callable[[], object]:
    table = StaticFeaturizer().table
    return lambda: table.features(TEXTS[0])


def static_batch() -> Callable[[], object]:
    table = StaticFeaturizer().table
    return lambda: table.batch(TEXTS)


def tokenization() -> Callable[[], object]:
    table = StaticFeaturizer().table
    return lambda: table.tokenize(TEXTS[0])


def folder() -> Callable[[], object]:
    tokenizer = FolderTokenizer(json.dumps(word_tokenizer(["word"])).encode(), 512)
    return lambda: tokenizer.encode(TEXTS)


def layout() -> Callable[[], object]:
    tokens, embeddings = np.ones(len(TEXTS), np.float32), np.ones((len(TEXTS), 8), np.float32)
    return lambda: text_features(TEXTS, tokens, embeddings, 8)


@pytest.fixture(autouse=True)
def _nobody_is_interrupted() -> Iterator[None]:
    """Threads give the interpreter up on their own or not at all."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("make", [static, static_batch, tokenization, folder, layout])
def test_another_thread_runs_during_a_call(make: Callable[[], Callable[[], object]]) -> None:
    assert is_seen_from_outside(make())


def test_a_call_that_keeps_the_interpreter_is_not_seen() -> None:
    assert not is_seen_from_outside(lambda: sum(range(100)))


def is_seen_from_outside(call: Callable[[], object]) -> bool:
    """Repeat a call in a thread; whether this one finds itself running before a call returns."""
    inside = seen = done = False

    def run() -> None:
        nonlocal inside, done
        for _ in range(CALLS):
            inside = True
            call()
            inside = False
            if seen:
                break
        done = True

    thread = threading.Thread(target=run)
    thread.start()
    while not (seen or done):
        seen = inside
        time.sleep(0)  # gives the interpreter up
    thread.join()
    return seen

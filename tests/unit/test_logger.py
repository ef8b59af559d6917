"""The package's logger: handlers of the application fail no request."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from messplus import SLA, Limit, Model, Router
from messplus._logger import logger
from tests.zoo import MODELS, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Raising(logging.Handler):
    """A handler that does not catch what goes wrong, as many do not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.asked += 1
        raise OSError(f"no space left for {record.name}")


@pytest.fixture
def handler() -> Iterator[Raising]:
    package, raising = logging.getLogger("messplus"), Raising()
    package.addHandler(raising)
    package.setLevel(logging.DEBUG)
    yield raising
    package.removeHandler(raising)
    package.setLevel(logging.NOTSET)


def fails(prompt: str) -> np.ndarray:
    if "secret" in prompt:
        raise ValueError(prompt)
    return np.zeros(4, np.float32)


def test_select_goes_on_where_a_handler_raises(
    handler: Raising, capsys: pytest.CaptureFixture[str]
) -> None:
    router = Router(MODELS, SLA(0.7), featurizer=fails)
    assert router.select("a secret").reason in ("warm-up", "fallback")
    assert asyncio.run(router.aselect("a secret")).model
    assert len(router.select_many(["a secret"])) == 1
    assert router.report().featurizer_errors == 3
    assert handler.asked >= 3
    told = capsys.readouterr().err
    assert "no space left" in told
    assert "secret" not in told


def test_every_other_call_goes_on_too(handler: Raising, tmp_path: Path) -> None:
    router = make_router(log=tmp_path / "missing" / "log")
    decision = router.select("x")
    router.failed(decision)
    router.feedback(decision.id, cost=1.0)
    assert router.report().state_errors["log"] >= 3
    stub = StubFeaturizer()
    Router.open(tmp_path / "state", MODELS, SLA(0.7), featurizer=stub).close()
    more = [*MODELS, Model("new", cost=1.0)]
    with Router.open(tmp_path / "state", more, SLA(0.7), featurizer=stub) as opened:
        assert [model.name for model in opened.models][-1] == "new"
    poor = Router(MODELS, SLA(0.99), limits=[Limit("cost", mean=1e-3)], featurizer=stub)
    for _ in range(200):
        poor.feedback(poor.select("x"), satisfied=False, cost=5.0)
    assert not poor.report().feasible
    assert handler.asked >= 4


def test_lines_name_the_place_they_come_from(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "messplus"):
        logger.warning("%s happened", "it")
    (record,) = caplog.records
    assert (record.filename, record.getMessage()) == ("test_logger.py", "it happened")


def test_text_of_a_failure_stays_on_its_line(caplog: pytest.LogCaptureFixture) -> None:
    from messplus.exceptions import FeaturizerError
    from messplus.featurizers.requests import RequestFeatures

    features = RequestFeatures(StubFeaturizer(), 0)
    with caplog.at_level(logging.WARNING, "messplus"):
        features._count_error(FeaturizerError("x\nroot: all is well\x1b[2J"))
    assert caplog.messages == [r"routed without features: x\nroot: all is well\x1b[2J"]

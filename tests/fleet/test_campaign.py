"""A little of ``make fleet``: kills, recorded outcomes, newcomers and real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benches.python.fleet_sim import read

pytest.importorskip("redis")

from benches.python.fleet import engines, joining, rows, servers, speed
from benches.python.fleet.crash import Campaign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benches.python.fleet.engines import Engine
    from benches.python.fleet_sim import Stream


@pytest.fixture(params=engines.ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if (reason := engines.missing(request.param)) is not None:
        pytest.skip(f"{request.param}: {reason}")
    started = engines.start(request.param, tmp_path)
    yield started
    started.close()


@pytest.fixture
def stream(tables: Callable[[str], Path]) -> Stream:
    return read(tables("paretobandit").parents[1], "paretobandit")


def test_kills_lose_nothing_beyond_what_is_stated_and_count_nothing_twice(engine: Engine) -> None:
    found = Campaign(engine, replicas=3, outcomes=600, seed=1).run(replica_kills=4, server_kills=2)
    assert found["acknowledged"] >= 600
    assert (found["replica_kills"], found["lost"], found["twice"]) == (4, 0, 0)
    assert found["identical"]
    assert found["costs_add_up"]
    lost = found["lost_unsent"] + found["lost_last_second"]
    assert found["counted"] >= found["returned"] - lost > 0


def test_recorded_outcomes_all_count_and_replicas_agree(engine: Engine, stream: Stream) -> None:
    (row,) = rows.compare("paretobandit", stream, [engine], [1], delays=[20], requests=200)
    assert (row["rated"], row["counted"], row["identical"]) == (200, 200, True)
    even, skewed = rows.compare("paretobandit", stream, [engine], [3], delays=[0], requests=200)
    assert (even["skew"], skewed["skew"]) == ("even", "80/20")
    for row in (even, skewed):
        assert (row["rated"], row["counted"], row["identical"]) == (200, 200, True)


def test_what_sharing_costs_is_measured(engine: Engine, stream: Stream) -> None:
    assert speed.decisions(stream, engine, goes=3)["select_ratio"] > 0.0
    assert speed.load(stream, engine, 2, 200)["requests_per_second"] > 0
    assert joining.join(stream, engine, 600)["join_seconds"] > 0.0


@pytest.mark.parametrize("name", servers.SERVERS)
def test_no_rating_is_lost_between_the_workers_of_a_server(engine: Engine, name: str) -> None:
    pytest.importorskip(name.split()[0])
    found = servers.serve(name, engine, 40)
    assert (found["rated"], found["counted"], found["one_report"]) == (40, 40, True)

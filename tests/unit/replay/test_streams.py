import numpy as np
import pytest

from messplus.exceptions import ConfigError
from messplus.replay import Table
from messplus.replay.streams import Stream, arrivals, ratings


@pytest.mark.parametrize("stream", ["shuffle", "file", "blocks"])
def test_every_stream_visits_every_row_once(table: Table, stream: Stream) -> None:
    assert sorted(arrivals(table, stream, seed=1)) == list(range(300))


def test_streams_depend_on_the_seed_alone(table: Table) -> None:
    streams: list[Stream] = ["shuffle", "blocks"]
    for stream in streams:
        first = arrivals(table, stream, seed=1)
        again = arrivals(table, stream, seed=1)
        other = arrivals(table, stream, seed=2)
        assert first.tolist() == again.tolist() != other.tolist()


def test_blocks_bring_one_source_after_the_other(table: Table) -> None:
    assert table.sources is not None
    sources = np.array(table.sources)[arrivals(table, "blocks", seed=0)]
    assert (sources[1:] != sources[:-1]).sum() == 1


def test_blocks_need_sources(table: Table) -> None:
    bare = Table(
        table.path, table.prompts, None, table.models, table.scores, table.costs, table.cost
    )
    with pytest.raises(ConfigError, match="blocks needs a column 'source'"):
        arrivals(bare, "blocks", seed=0)
    with pytest.raises(ConfigError, match="must be one of shuffle, file, blocks, got 'sorted'"):
        arrivals(bare, "sorted", seed=0)  # type: ignore[arg-type]


def test_ratings_come_at_the_rate_asked_for() -> None:
    assert ratings(100, 1.0, seed=0).all()
    assert not ratings(100, 0.0, seed=0).any()
    assert 150 < ratings(1000, 0.2, seed=0).sum() < 250
    with pytest.raises(ConfigError, match="feedback_rate"):
        ratings(10, 1.5, seed=0)

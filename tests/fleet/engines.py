"""Where fleets of tests keep their logs, and what may happen there."""

from __future__ import annotations

import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Protocol

from messplus.fleet import segments
from messplus.fleet.files import Files
from messplus.fleet.segments import Cursor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_server import Server

# As if the last second had not reached the disk: the log ends before its last batch.
_REWIND = """
local head = redis.call('HMGET', KEYS[1], 'n', 'base', 'base_tail')
local before, tail = head[1] - 1, head[3]
if before ~= tonumber(head[2]) then
  tail = redis.call('XRANGE', KEYS[2], before .. '-0', before .. '-0')[1][2][2]
end
redis.call('HSET', KEYS[1], 'n', before, 'tail', tail)
redis.call('XDEL', KEYS[2], head[1] .. '-0')
redis.call('XSETID', KEYS[2], before .. '-0')
"""
_GARBAGE = """
local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
redis.call('HSET', KEYS[1], 'tail', 'x')
redis.call('XADD', KEYS[2], string.format('%d-0', n), 't', 'x', 'b', 'garbage')
"""


class Engine(Protocol):
    """Keeps the log of one fleet."""

    address: str

    def go_away(self) -> None:
        """Take nothing any more."""

    def return_(self) -> None:
        """Take batches again."""

    def lose_all(self) -> None:
        """Forget everything."""

    def lose_the_last(self) -> None:
        """Forget the last batch."""

    def add_garbage(self) -> None:
        """Get a batch that nobody can read."""

    def length(self) -> int:
        """Batches, or segments of them, that are kept."""


class Redis:
    """A log in a server."""

    def __init__(self, server: Server) -> None:
        self.server, self.address = server, server.address

    def go_away(self) -> None:
        self.server.kill()

    def return_(self) -> None:
        self.server.start()

    def lose_all(self) -> None:
        self.server.command("FLUSHALL")

    def lose_the_last(self) -> None:
        self._script(_REWIND)

    def add_garbage(self) -> None:
        self._script(_GARBAGE)

    def length(self) -> int:
        return int(self.server.command("XLEN", "messplus:{test}:stream"))

    def _script(self, script: str) -> None:
        keys = ("messplus:{test}:head", "messplus:{test}:stream")
        self.server.command("EVAL", script, "2", *keys)


class Folder:
    """A log in a folder."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "state")
        self.log = folder / "state" / "log"
        self._lock = -1

    def go_away(self) -> None:
        """As one does that is stopped while it appends."""
        self._lock = os.open(self.log / "lock", os.O_RDWR)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def return_(self) -> None:
        os.close(self._lock)

    def lose_all(self) -> None:
        shutil.rmtree(self.log)

    def lose_the_last(self) -> None:
        cursor = self._cursor()
        ends = [cursor.offset]
        while cursor.read(until=cursor.mark.position + 1):
            ends.append(cursor.offset)
        os.ftruncate(cursor.file, ends[-2])
        cursor.close()

    def add_garbage(self) -> None:
        cursor = self._cursor()
        while cursor.read():
            pass
        os.pwrite(cursor.file, segments.frame(b"12345678", b"garbage"), cursor.offset)
        cursor.close()

    def length(self) -> int:
        return len(segments.positions(Files(self.log)))

    def _cursor(self) -> Cursor:
        files = Files(self.log)
        return Cursor(files, segments.positions(files)[-1], write=True)

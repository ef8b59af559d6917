"""The log of a fleet in Redis 7.0, Valkey, or what speaks their protocol.

Keys of a fleet ``chat``, on one slot of a cluster::

    messplus:{chat}:head       hash: n, tail: the last batch; base, base_tail: the last one dropped
    messplus:{chat}:stream     stream: batch n is entry n-0 with its name t and its bytes b
    messplus:{chat}:snapshot   hash: n, tail and state; left where the log does not lead on from it
    messplus:{chat}:alive      sorted set: replicas by when they were last heard of, server time
    messplus:{chat}:read       hash: how far each has read
    messplus:{chat}:lease      who writes the next snapshot
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from messplus._optional import require
from messplus.exceptions import StateError

from . import scripts
from .address import RedisAddress
from .log import Mark, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds after which connecting, and a call that is not answered, count as failed. Only a
# background thread waits for either, and whoever opens, flushes or closes a router. A server that
# many replicas ask for megabytes must not get more to do from those that gave up too early.
CONNECT_TIMEOUT = 0.05
TIMEOUT = 2.0
# Seconds after which a replica that says nothing counts as gone.
TIME_TO_LIVE = 10
LEASE_MS = 5000
PAGE = 256


class RedisLog:
    """Keeps a log in Redis.

    Parameters
    ----------
    address
        As :meth:`RedisAddress.parse` reads it.

    Raises
    ------
    ConfigError
        If the address is none.
    MissingDependencyError
        If redis-py is not installed.
    StateError
        If the server cannot be reached, refuses, or is not Redis.
    """

    spool: None = None

    def __init__(self, address: str) -> None:
        self._at = RedisAddress.parse(address)
        redis = require("redis", extra="redis")
        self.address = str(self._at)
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._redis = redis
        kinds = ("head", "stream", "snapshot", "alive", "read", "lease")
        self._keys = [f"messplus:{{{self._at.name}}}:{kind}" for kind in kinds]
        self.reconnect()
        try:
            self._call("ping")
            self.snapshot()
        except OSError as error:
            raise StateError(f"must be a Redis server that answers, got {error}") from error

    def reconnect(self) -> None:
        """Have a connection of one's own, after a fork."""
        at, options = self._at, dict[str, object](self._at.tls or {})
        if "ssl_check_hostname" in options:
            options["ssl_check_hostname"] = options["ssl_check_hostname"] == "true"
        self._client = self._redis.Redis(
            host=at.host,
            port=at.port,
            db=at.database,
            username=at.user,
            password=at.password,
            ssl=at.tls is not None,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=CONNECT_TIMEOUT,
            retry=self._redis.retry.Retry(self._redis.backoff.NoBackoff(), 0),
            **options,
        )

    def snapshot(self) -> Snapshot | None:
        """The snapshot to begin with; None where the log does not lead on from there, too."""
        position, tail, state = self._script(scripts.SNAPSHOT) or (None, b"", b"")
        if position is None:
            return None
        return Snapshot(Mark(int(position), tail), state)

    def begin(self, snapshot: Snapshot) -> None:
        """Begin a log with a snapshot, unless there is one; write a snapshot anew that was lost."""
        mark = snapshot.mark
        self._script(scripts.BEGIN, mark.position, mark.tail, snapshot.state)

    def append(self, mark: Mark, batch: bytes) -> bool:
        """Append a batch."""
        return bool(self._script(scripts.APPEND, mark.position, mark.tail, os.urandom(8), batch))

    def read(self, mark: Mark) -> Sequence[tuple[Mark, bytes]] | None:
        """Some batches after a mark."""
        entries = self._script(scripts.READ, mark.position, mark.tail, PAGE)
        if entries is None:
            return None
        return [(Mark(int(at.split(b"-")[0]), held[1]), held[3]) for at, held in entries]

    def flush(self, *, now: bool = False) -> bool:  # noqa: ARG002
        """Nothing: the server makes it last as it is told by its own settings."""
        return True

    def alive(self, replica: int, mark: Mark) -> int:
        """Say that a replica is alive and how far it has read."""
        return int(self._script(scripts.ALIVE, replica, mark.position, TIME_TO_LIVE))

    def readers(self) -> dict[int, int]:
        """The living replicas, and how far each has read."""
        found = self._script(scripts.READERS, TIME_TO_LIVE)
        return {int(found[at]): int(found[at + 1]) for at in range(0, len(found), 2)}

    def unsent(self) -> Sequence[bytes]:
        """Nothing: it went with the process of the replica."""
        return ()

    def leave(self, replica: int) -> None:
        """Say that a replica ends."""
        self._call("zrem", self._keys[3], replica)
        self._call("hdel", self._keys[4], replica)

    def save(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot, and drop what nobody needs."""
        # Before megabytes are sent that the server would only throw away.
        if not self._script(scripts.LEASE, os.getpid(), LEASE_MS):
            return False
        mark, state = snapshot.mark, snapshot.state
        return bool(self._script(scripts.SAVE, mark.position, mark.tail, state))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _script(self, script: str, *arguments: bytes | int) -> Any:  # noqa: ANN401
        return self._call("eval", script, len(self._keys), *self._keys, *arguments)

    def _call(self, command: str, *arguments: object) -> Any:  # noqa: ANN401
        try:
            return getattr(self._client, command)(*arguments)
        except self._errors as error:
            raise OSError(f"{self.address}: {error}") from error

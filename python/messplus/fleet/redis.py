"""The log of a fleet in Redis 7.0, Valkey, or what speaks their protocol.

Keys of a fleet ``chat``, on one slot of a cluster::

    messplus:{chat}:head       hash: n, tail: the last batch; base, base_tail: the last one dropped
    messplus:{chat}:stream     stream: batch n is entry n-0 with its name t and its bytes b
    messplus:{chat}:snapshot   hash: n, tail and state
    messplus:{chat}:alive      sorted set: replicas by when they were last heard of, server time
    messplus:{chat}:read       hash: how far each has read
    messplus:{chat}:lease      who writes the next snapshot
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from messplus._optional import require
from messplus.exceptions import ConfigError, StateError

from .log import Mark, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds after which a call counts as failed; snapshots, which may have megabytes, get more. Only a
# background thread waits for either, and whoever opens a router.
TIMEOUT = 0.05
LONG_TIMEOUT = 2.0
# Seconds after which a replica that says nothing counts as gone.
TIME_TO_LIVE = 10
LEASE_MS = 5000
PAGE = 256

# Whether (n, tail) is a place in the log.
_PLACE = """
local function is_place(n, tail)
  local head = redis.call('HMGET', KEYS[1], 'n', 'tail', 'base', 'base_tail')
  if not head[1] then return false end
  if n == head[1] then return tail == head[2] end
  if n == head[3] then return tail == head[4] end
  local found = redis.call('XRANGE', KEYS[2], n .. '-0', n .. '-0')
  return #found == 1 and found[1][2][2] == tail
end
"""
_APPEND = (
    _PLACE
    + """
if not is_place(ARGV[1], ARGV[2]) then return 0 end
local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
redis.call('HSET', KEYS[1], 'tail', ARGV[3])
redis.call('XADD', KEYS[2], string.format('%d-0', n), 't', ARGV[3], 'b', ARGV[4])
return 1
"""
)
_READ = (
    _PLACE
    + """
if not is_place(ARGV[1], ARGV[2]) then return false end
return redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[3])
"""
)
_BEGIN = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'n', ARGV[1], 'tail', ARGV[2], 'base', ARGV[1], 'base_tail', ARGV[2])
redis.call('HSET', KEYS[3], 'n', ARGV[1], 'tail', ARGV[2], 'state', ARGV[3])
return 1
"""
_ALIVE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('HSET', KEYS[5], ARGV[1], ARGV[2])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. (now - ARGV[3]))) do
  redis.call('ZREM', KEYS[4], gone)
  redis.call('HDEL', KEYS[5], gone)
end
return redis.call('ZCARD', KEYS[4])
"""
_SAVE = (
    _PLACE
    + """
if not redis.call('SET', KEYS[6], ARGV[4], 'NX', 'PX', ARGV[5]) then return 0 end
if not is_place(ARGV[1], ARGV[2]) then return 0 end
local kept = redis.call('HGET', KEYS[3], 'n')
if kept and tonumber(kept) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[3], 'n', ARGV[1], 'tail', ARGV[2], 'state', ARGV[3])
local base = tonumber(ARGV[1])
for _, read in ipairs(redis.call('HVALS', KEYS[5])) do
  base = math.min(base, tonumber(read))
end
local name = string.format('%d', base)
local found = redis.call('XRANGE', KEYS[2], name .. '-0', name .. '-0')
if #found == 1 then
  redis.call('HSET', KEYS[1], 'base', name, 'base_tail', found[1][2][2])
  redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-0', base + 1))
end
return 1
"""
)


class RedisLog:
    """Keeps a log in Redis.

    Parameters
    ----------
    address
        ``redis://[[user]:password@]host[:port][/db]?name=NAME``, or ``rediss://`` for TLS; what
        else redis-py takes in an address may follow the name.

    Raises
    ------
    ConfigError
        If the address has no name.
    MissingDependencyError
        If redis-py is not installed.
    StateError
        If the server cannot be reached, refuses, or is not Redis.
    """

    def __init__(self, address: str) -> None:
        redis = require("redis", extra="redis")
        parts = urlsplit(address)
        query = parse_qs(parts.query)
        (name,) = query.pop("name", [""])[:1]
        if not name or "{" in name or "}" in name:
            raise ConfigError(
                "path: must name the fleet, as in redis://host:6379/0?name=chat, "
                f"got {parts.query!r}"
            )
        rest = "&".join(f"{key}={value}" for key, values in query.items() for value in values)
        # Without the password.
        self.address = f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}?name={name}"
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._redis = redis
        self._url = urlunsplit(parts._replace(query=rest))
        kinds = ("head", "stream", "snapshot", "alive", "read", "lease")
        self._keys = [f"messplus:{{{name}}}:{kind}" for kind in kinds]
        self.reconnect()
        try:
            self._call(self._long, "ping")
            self.snapshot()
        except OSError as error:
            raise StateError(f"must be a Redis server that answers, got {error}") from error

    def _connect(self, timeout: float) -> Any:  # noqa: ANN401
        retry = self._redis.retry.Retry(self._redis.backoff.NoBackoff(), 0)
        return self._redis.Redis.from_url(
            self._url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=retry,
        )

    def reconnect(self) -> None:
        """Have connections of one's own, after a fork."""
        self._client = self._connect(TIMEOUT)
        self._long = self._connect(LONG_TIMEOUT)

    def snapshot(self) -> Snapshot | None:
        """The snapshot to begin with."""
        position, tail, state = self._call(
            self._long, "hmget", self._keys[2], ["n", "tail", "state"]
        )
        if position is None:
            return None
        return Snapshot(Mark(int(position), tail), state)

    def begin(self, snapshot: Snapshot) -> None:
        """Begin a log with a snapshot, unless there is one."""
        mark = snapshot.mark
        self._script(self._long, _BEGIN, mark.position, mark.tail, snapshot.state)

    def append(self, mark: Mark, batch: bytes) -> bool:
        """Append a batch."""
        return bool(
            self._script(self._client, _APPEND, mark.position, mark.tail, os.urandom(8), batch)
        )

    def read(self, mark: Mark) -> Sequence[tuple[Mark, bytes]] | None:
        """Some batches after a mark."""
        entries = self._script(self._client, _READ, mark.position, mark.tail, PAGE)
        if entries is None:
            return None
        return [(Mark(int(at.split(b"-")[0]), held[1]), held[3]) for at, held in entries]

    def alive(self, replica: int, mark: Mark) -> int:
        """Say that a replica is alive and how far it has read."""
        return int(self._script(self._client, _ALIVE, replica, mark.position, TIME_TO_LIVE))

    def leave(self, replica: int) -> None:
        """Say that a replica ends."""
        self._call(self._client, "zrem", self._keys[3], replica)
        self._call(self._client, "hdel", self._keys[4], replica)

    def save(self, replica: int, snapshot: Snapshot) -> bool:
        """Keep a snapshot, and drop what nobody needs."""
        mark = snapshot.mark
        arguments = (mark.position, mark.tail, snapshot.state, replica, LEASE_MS)
        return bool(self._script(self._long, _SAVE, *arguments))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self._long.close()

    def _script(self, client: Any, script: str, *arguments: bytes | int) -> Any:  # noqa: ANN401
        return self._call(client, "eval", script, len(self._keys), *self._keys, *arguments)

    def _call(self, client: Any, command: str, *arguments: object) -> Any:  # noqa: ANN401
        try:
            return getattr(client, command)(*arguments)
        except self._errors as error:
            raise OSError(f"{self.address}: {error}") from error

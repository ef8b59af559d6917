"""Addresses of logs, as opposed to paths of folders."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from messplus.exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

_EXAMPLE = "redis://host:6379/0?name=chat"
# It is part of names of keys, in which braces say what a cluster hashes.
_NAME = re.compile(r"[^\s{}\x00-\x1f\x7f]{1,128}")
_TLS = {
    "ssl_ca_certs": None,
    "ssl_certfile": None,
    "ssl_keyfile": None,
    "ssl_cert_reqs": ("required", "optional", "none"),
    "ssl_check_hostname": ("true", "false"),
}


def is_address(path: object) -> bool:
    """Whether a path is the address of a log rather than a folder."""
    return isinstance(path, str) and "://" in path


@dataclass(frozen=True)
class RedisAddress:
    """Where a log is kept in Redis.

    Attributes
    ----------
    host, port, database
        The server, and its database.
    name
        Of the fleet.
    tls
        Options of TLS as redis-py calls them; None without TLS.
    user, password
        None where none are needed.
    """

    host: str
    port: int
    database: int
    name: str
    tls: Mapping[str, str] | None
    user: str | None
    password: str | None = field(repr=False)

    @classmethod
    def parse(cls, address: str) -> RedisAddress:
        """Read ``redis://[[user]:password@]host[:port][/database]?name=NAME``.

        ``rediss://`` is TLS, of which options may follow the name: ``ssl_ca_certs``,
        ``ssl_certfile``, ``ssl_keyfile``, ``ssl_cert_reqs`` and ``ssl_check_hostname``.

        Raises
        ------
        ConfigError
            If it is another one. What may be a password is in no message.
        """
        parts = _split(address)
        options = _options(parts)
        name = options.pop("name", "")
        if not _NAME.fullmatch(name):
            raise _refused(
                f"must name the fleet in 1 to 128 characters without spaces and braces, as in "
                f"{_EXAMPLE}, got {name!r}"
            )
        tls = _tls(options, is_used=parts.scheme == "rediss")
        return cls(
            host=_host(parts),
            port=_port(parts),
            database=_database(parts),
            name=name,
            tls=tls,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        """Without user and password."""
        scheme = "redis" if self.tls is None else "rediss"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.database}?name={self.name}"


def _split(address: str) -> SplitResult:
    scheme = address.partition("://")[0]
    if scheme not in ("redis", "rediss"):
        raise _refused(f"must be a folder, redis:// or rediss://, got {scheme + '://'!r}")
    try:
        parts = urlsplit(address)
    except ValueError:
        raise _refused(f"must have a host as in {_EXAMPLE}") from None
    if parts.fragment or "#" in address:
        raise _refused(f"must write # as %23 in {_EXAMPLE}, got one unescaped")
    return parts


def _options(parts: SplitResult) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key in found:
            raise _refused(f"must give {key!r} once, got it again")
        found[key] = value
    return found


def _tls(options: dict[str, str], *, is_used: bool) -> dict[str, str] | None:
    for key, value in options.items():
        if key not in _TLS:
            raise _refused(f"must have no options but name, {', '.join(_TLS)}, got {key!r}")
        if not is_used:
            raise _refused(f"must begin with rediss:// where {key} is given, got redis://")
        allowed = _TLS[key]
        if not value or (allowed is not None and value not in allowed):
            raise _refused(f"must have {key} in {allowed or 'a file'}, got {value!r}")
    return options if is_used else None


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        raise _refused(f"must have a host as in {_EXAMPLE}, got none")
    return parts.hostname


def _port(parts: SplitResult) -> int:
    try:
        port = 6379 if parts.port is None else parts.port
    except ValueError:
        port = 0
    if port == 0:
        # What is there may be the rest of a password.
        raise _refused(
            "must have a port in 1..65535 after the host, and no / ? # @ : in a password but as "
            "%2F %3F %23 %40 %3A"
        )
    return port


def _database(parts: SplitResult) -> int:
    written = parts.path.strip("/") or "0"
    if not (written.isascii() and written.isdigit()):
        raise _refused(f"must have the number of a database in {_EXAMPLE}, got {written!r}")
    return int(written)


def _refused(what: str) -> ConfigError:
    return ConfigError(f"path: {what}")

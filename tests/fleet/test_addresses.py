"""Addresses of fleets: what is read, and what is refused before anything is asked of a server."""

from __future__ import annotations

import sys

import pytest

from messplus import SLA, ConfigError, MissingDependencyError, Model, Router
from messplus.fleet.address import RedisAddress

REFUSED = {
    "postgres://u:secret@host/0?name=x": r"must be a folder, redis:// or rediss://, got 'postgres",
    "redis://host:6379/0": r"must name the fleet in 1 to 128 characters .* got ''",
    "redis://host/0?name=": r"must name the fleet .* got ''",
    "redis://host/0?name=a%20b": r"must name the fleet .* got 'a b'",
    "redis://host/0?name=a{b}": r"must name the fleet .* got 'a\{b\}'",
    "redis://host/0?name=a&name=b": r"must give 'name' once",
    f"redis://host/0?name={'a' * 129}": r"must name the fleet",
    "redis:///0?name=x": r"must have a host .* got none",
    "redis://host:0/0?name=x": r"must have a port in 1\.\.65535",
    "redis://host:65536/0?name=x": r"must have a port in 1\.\.65535",
    "redis://u:secret/more@host/0?name=x": r"must have a port .* no / \? # @ : in a password",
    "redis://u:secret#more@host/0?name=x": r"must write # as %23",
    "redis://[::1/0?name=x": r"must have a host as in",
    "redis://host/chat?name=x": r"must have the number of a database .* got 'chat'",
    "redis://host/-1?name=x": r"must have the number of a database .* got '-1'",
    "redis://host/0?name=x&password=secret": r"must have no options but name, .* got 'password'",
    "redis://host/0?name=x&ssl_cert_reqs=none": r"must begin with rediss:// where ssl_cert_reqs",
    "rediss://host/0?name=x&ssl_cert_reqs=some": r"must have ssl_cert_reqs in .* got 'some'",
    "rediss://host/0?name=x&ssl_ca_certs=": r"must have ssl_ca_certs in a file, got ''",
}


@pytest.mark.parametrize("address", REFUSED)
def test_wrong_addresses_are_refused_without_redis_py_and_without_passwords(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=f"^path: {REFUSED[address]}") as refused:
        Router.open(address, [Model("small", cost=1.0)], SLA(0.8))
    assert "secret" not in str(refused.value)


def test_only_a_sound_address_asks_for_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'messplus\[redis\]'"):
        Router.open("redis://host/0?name=x", [Model("small", cost=1.0)], SLA(0.8))


def test_reads_every_part_and_shows_no_password() -> None:
    at = RedisAddress.parse(
        "rediss://me:p%40ss@[::1]:7000/3?name=chat&ssl_ca_certs=ca.pem&ssl_check_hostname=false"
    )
    assert (at.host, at.port, at.database, at.name) == ("::1", 7000, 3, "chat")
    assert (at.user, at.password) == ("me", "p@ss")
    assert at.tls == {"ssl_ca_certs": "ca.pem", "ssl_check_hostname": "false"}
    assert str(at) == "rediss://[::1]:7000/3?name=chat"
    assert "p@ss" not in repr(at)
    plain = RedisAddress.parse("redis://host?name=chat")
    assert (plain.port, plain.database, plain.tls, plain.user) == (6379, 0, None, None)

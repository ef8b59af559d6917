"""Joining a fleet, or making one."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from messplus._core import Replica
from messplus.exceptions import ConfigError, StateError
from messplus.state.agree import agree
from messplus.state.parts import Parts, given_to_core, restore

from .log import Mark, Snapshot
from .member import Member
from .membership import Membership
from .redis import RedisLog

if TYPE_CHECKING:
    from messplus._schema import RouterSettings
    from messplus.featurizers.requests import AnyFeaturizer

    from .log import SharedLog


def join(address: str, settings: RouterSettings | None, featurizer: AnyFeaturizer) -> Parts:
    """Join the fleet whose log is at an address, or make it from the settings given.

    Raises
    ------
    ConfigError
        If the fleet has other settings that cannot be amended, or there are neither settings nor a
        fleet.
    StateError
        If the log cannot be reached or read, or was made with another featurizer or version.
    """
    log = RedisLog(address)
    given, featurizer = given_to_core(settings, featurizer)
    try:
        found = log.snapshot() is not None
        if not found:
            if given is None:
                raise ConfigError(f"models: must be given where {log.address} holds no router yet")
            # Another process may be faster: then its settings are the ones to agree with.
            log.begin(Snapshot(Mark(0, os.urandom(8)), Replica.genesis(given)))
    except OSError as error:
        raise StateError(f"{log.address}: must be writable, got {error}") from error
    _, parts, _ = joined(log, given, featurizer)
    return parts


def joined(
    log: SharedLog, given: str | None, featurizer: AnyFeaturizer
) -> tuple[Member, Parts, tuple[str, ...]]:
    """Join the fleet of a log that is there; what was amended in it comes last, in words."""
    member = Member.join(log)
    try:
        changed = () if given is None else agree(log.address, member.core, given)
        parts = replace(restore(member.core, featurizer), membership=Membership(member))
        return member, parts, changed
    except BaseException:
        member.close()
        raise

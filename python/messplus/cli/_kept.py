"""What ``messplus state`` tells of folders and logs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from messplus import _core
from messplus._text import strict_json
from messplus.exceptions import StateError
from messplus.fleet.follow import follow
from messplus.reports import accounting
from messplus.state.core_config import CoreConfig

if TYPE_CHECKING:
    from messplus._core import Controller, Standing
    from messplus.fleet.log import SharedLog


def inspect_folder(path: str, *, as_json: bool) -> None:
    """Say what a router has done, and what files there are."""
    core, found = _core.Controller.recover(path)
    files = _core.audit_folder(path)
    if as_json:
        _print_json(core, recovery=found, files=files)
        return
    _print_account(core)
    for file in files:
        print(f"{file['name']:<26}{file['bytes']:>12,} bytes")
    print(f"{found['transitions']:,} transitions, {found['replayed']:,} since the snapshot")
    for note in found["notes"]:
        print(f"note: {note}")


def inspect_log(log: SharedLog, *, as_json: bool) -> None:
    """Say what a fleet has done, who is alive, and how far each has read."""
    followed = follow(log)
    readers = followed.readers
    log.close()
    standing, begin = followed.replica.standing(), followed.begin
    if as_json:
        told = {
            "address": log.address,
            "position": standing["position"],
            "snapshot": {"position": begin.mark.position, "bytes": len(begin.state)},
            "bytes_since": sum(map(len, followed.batches)),
            "left_by_killed": len(followed.unsent),
            "replicas": {f"{replica:016x}": read for replica, read in readers.items()},
            **_counts(standing),
        }
        _print_json(followed.core, fleet=told)
        return
    _print_account(followed.core)
    print(f"{log.address}: {standing['position']:,} batches")
    print(f"snapshot at {begin.mark.position:<14,}{len(begin.state):>12,} bytes")
    since = f"{len(followed.batches):,} batches since"
    print(f"{since:<26}{sum(map(len, followed.batches)):>12,} bytes")
    if followed.unsent:
        print(
            f"{len(followed.unsent):,} batches left by killed replicas, which the next one enters"
        )
    print(f"{len(readers):,} replicas alive")
    for replica, read in sorted(readers.items(), key=lambda item: item[1]):
        # One that has read further did so after the log was read here.
        print(f"  {replica:016x} has read {read:,}, {max(0, standing['position'] - read):,} behind")
    print(", ".join(f"{count:,} {name}" for name, count in _counts(standing).items()))


def verify_folder(path: str) -> bool:
    """Say of every file whether it is sound; whether all are."""
    files = _core.audit_folder(path)
    problems = 0
    for file in files:
        verdict = file["problem"] or "sound"
        if file["torn_bytes"]:
            verdict += f", {file['torn_bytes']} torn bytes at the end"
        problems += file["problem"] is not None
        print(f"{file['name']:<26}  {verdict}")
    if not files:
        print("no files of a router here", file=sys.stderr)
    return bool(files) and not problems


def verify_log(log: SharedLog) -> bool:
    """Fold a log from its snapshot to its end; whether all of it can be read."""
    try:
        followed = follow(log)
    except StateError as error:
        print(error)
        return False
    finally:
        log.close()
    before = _counts(_core.Replica(followed.begin.state, 0).standing())
    after = _counts(followed.replica.standing())
    damaged = after["damaged"] - before["damaged"]
    print(f"snapshot at {followed.begin.mark.position:<14,}  sound")
    verdict = f"{damaged:,} cannot be read" if damaged else "sound"
    since = f"{len(followed.batches):,} batches since"
    print(f"{since:<26}  {verdict}")
    print("in all: " + ", ".join(f"{count:,} {name}" for name, count in after.items()))
    return not damaged


def _counts(standing: Standing) -> dict[str, int]:
    return {
        "taken": standing["taken"],
        "sent again": standing["again"],
        "refused": standing["refused"],
        "waiting": standing["waiting"],
        "lost": standing["lost"],
        "damaged": standing["damaged"],
    }


def _print_account(core: Controller) -> None:
    print(accounting.build(core.report()))
    settings = CoreConfig.of(core).arguments()
    print("settings: " + ", ".join(f"{name}={value!r}" for name, value in settings.items()))


def _print_json(core: Controller, **told: Any) -> None:  # noqa: ANN401
    report, settings = asdict(accounting.build(core.report())), json.loads(core.config)
    print(strict_json({"report": report, "settings": settings, **told}, indent=1))

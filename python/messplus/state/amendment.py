"""What was agreed with a router changes while it serves, or while it is opened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .core_config import NO_CAP, unrated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus._core import Controller
    from messplus._schema import Amended

#: Settings of operation that may change, and what they are where a state does not say.
_OPERATION: Mapping[str, object] = {
    "cooldown": 5,
    "missing": "ignore",
    "audit": 0.0,
    "audit_first": 0.0,
    "max_cost": NO_CAP,
    "max_price": NO_CAP,
    "unrated": "best",
}


def apply(core: Controller, asked: Amended) -> None:
    """Let checked settings take the place of those there are; raises as ``Router.amend`` does."""
    kept = json.loads(core.config)
    amendment: dict[str, Any] = {}
    if asked.slas is not None:
        targets = asked.slas if isinstance(asked.slas, dict) else {"default": asked.slas}
        known = [level["name"] for level in kept["agreement"]["levels"]]
        # In the order there is, so that only their values count; unknown ones stay last.
        order = sorted(targets, key=lambda name: known.index(name) if name in known else len(known))
        amendment["levels"] = [
            {"name": name, "alpha": targets[name].target, "source": targets[name].source}
            for name in order
        ]
    if asked.limits is not None:
        amendment["limits"] = [
            {"resource": limit.resource, "mean": limit.mean} for limit in asked.limits
        ]
    for name in ("cooldown", "missing", "audit", "audit_first", "max_cost", "max_price"):
        if (value := getattr(asked, name)) is not None:
            amendment[name] = value
    if asked.unrated is not None:
        amendment["unrated"] = unrated(asked.unrated)
    core.amend(json.dumps(amendment))


def differences(kept: str, given: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a router that was found has to be amended by, to be as it is opened.

    Parameters
    ----------
    kept
        Settings of the router found, as its core tells them.
    given
        Those it is opened with, as :func:`messplus.state.core_config.write` wrote them.

    Returns
    -------
    tuple
        The amendment, and a note per setting that changes.
    """
    found, asked = json.loads(kept), json.loads(given)
    notes: list[str] = []
    amendment: dict[str, Any] = {}
    for name, key in (("slas", "levels"), ("limits", "limits")):
        before, after = found["agreement"].get(key, []), asked["agreement"].get(key, [])
        if sorted(_names(before)) != sorted(_names(after)):
            continue
        # In the order there is, so that only their values count.
        after = sorted(after, key=lambda entry: _names(before).index(_name(entry)))
        if _plain(before) != _plain(after):
            amendment[key] = after
            notes.append(f"{name}: amended from {_told(before)} to {_told(after)}")
    for name, default in _OPERATION.items():
        before = found["operation"].get(name, default)
        after = asked["operation"].get(name, default)
        if before != after:
            amendment[name] = after
            notes.append(f"{name}: amended from {before!r} to {after!r}")
    return amendment, tuple(notes)


def amended(kept: str, amendment: Mapping[str, Any]) -> str:
    """The settings of a router once it is amended."""
    native = json.loads(kept)
    for name, value in amendment.items():
        native["agreement" if name in ("levels", "limits") else "operation"][name] = value
    for name in ("audit", "audit_first", "max_cost", "max_price", "unrated"):
        if native["operation"].get(name) == _OPERATION[name]:
            del native["operation"][name]
    return json.dumps(native)


def _names(entries: list[dict[str, Any]]) -> list[str]:
    return [_name(entry) for entry in entries]


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or entry["resource"])


def _plain(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in e.items() if value is not None} for e in entries]


def _told(entries: list[dict[str, Any]]) -> dict[str, object]:
    told: dict[str, object] = {}
    for entry in entries:
        value, source = entry.get("alpha", entry.get("mean")), entry.get("source")
        told[_name(entry)] = value if source is None else (value, source)
    return told

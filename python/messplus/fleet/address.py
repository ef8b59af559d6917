"""Addresses of logs, as opposed to paths of folders."""

from __future__ import annotations

_SCHEMES = ("redis://", "rediss://")


def is_address(path: object) -> bool:
    """Whether a path is the address of a log rather than a folder."""
    return isinstance(path, str) and path.startswith(_SCHEMES)

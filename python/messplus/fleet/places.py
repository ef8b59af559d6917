"""Which log is kept at a path or an address."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .address import is_address
from .redis import RedisLog

if TYPE_CHECKING:
    from .log import SharedLog


def log_at(path: str | Path) -> SharedLog | None:
    """The log kept at a path or an address; None for what is kept in another way, or nowhere.

    Raises
    ------
    ConfigError
        If it begins like an address and is none.
    StateError
        If the log is away or cannot be read.
    """
    if is_address(path):
        return RedisLog(str(path))
    if sys.platform != "win32":
        from .folder import FolderLog

        folder = Path(path).absolute()
        if FolderLog.is_at(folder):
            return FolderLog(folder)
    return None

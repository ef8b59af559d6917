"""One line in the log when the state of a service level changes, not one per request."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_log = logging.getLogger("messplus")


class Watch:
    """Remembers what was said, and says what has changed.

    Nothing here fails a request: a log handler that raises is the application's affair.
    """

    #: Requests between two looks; a power of two.
    EVERY = 16

    def __init__(self) -> None:
        self._unrated: frozenset[str] = frozenset()
        self._out_of_reach: frozenset[str] = frozenset()

    def unrated(self, slas: Collection[str]) -> None:
        """Take note of the service levels that nobody rates."""
        before, self._unrated = self._unrated, frozenset(slas)
        for sla in sorted(self._unrated - before):
            self._say(logging.WARNING, "sla %s: no ratings come; its satisfaction is unknown", sla)
        for sla in sorted(before - self._unrated):
            self._say(logging.INFO, "sla %s: ratings come again", sla)

    def out_of_reach(self, names: Collection[str]) -> None:
        """Take note of the service levels and limits that seem out of reach."""
        before, self._out_of_reach = self._out_of_reach, frozenset(names)
        if new := [name for name in names if name not in before]:
            message = "out of reach: %s; what comes nearest is served"
            self._say(logging.WARNING, message, ", ".join(new))

    @staticmethod
    def _say(level: int, message: str, what: str) -> None:
        with suppress(Exception):
            _log.log(level, message, what)

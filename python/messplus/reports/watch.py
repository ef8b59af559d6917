"""One line in the log when the state of a service level changes, not one per request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus._logger import logger

if TYPE_CHECKING:
    from collections.abc import Collection


class Watch:
    """Remembers what was said, and says what has changed."""

    #: Requests between two looks; a power of two.
    EVERY = 16

    def __init__(self) -> None:
        self._unrated: frozenset[str] = frozenset()
        self._out_of_reach: frozenset[str] = frozenset()

    def unrated(self, slas: Collection[str]) -> None:
        """Take note of the service levels that nobody rates."""
        before, self._unrated = self._unrated, frozenset(slas)
        for sla in sorted(self._unrated - before):
            logger.warning("sla %s: no ratings come; its satisfaction is unknown", sla)
        for sla in sorted(before - self._unrated):
            logger.info("sla %s: ratings come again", sla)

    def out_of_reach(self, names: Collection[str]) -> None:
        """Take note of the service levels and limits that seem out of reach."""
        before, self._out_of_reach = self._out_of_reach, frozenset(names)
        if new := [name for name in names if name not in before]:
            logger.warning("out of reach: %s; what comes nearest is served", ", ".join(new))

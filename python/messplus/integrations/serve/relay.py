"""An upstream's stream of events, passed on as it comes, but for a usage nobody asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_END = b"\n\n"


class Relay:
    """Passes server-sent events on and keeps the usage they tell.

    Parameters
    ----------
    hide_usage
        Whether the event that tells the usage alone is kept back.

    Attributes
    ----------
    usage
        The usage, once it was told.
    """

    def __init__(self, hide_usage: bool) -> None:
        self.usage: Any = None
        self._hide = hide_usage

    async def events(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Whole events, as few pieces as they came in."""
        rest = b""
        async for chunk in chunks:
            whole, end, rest = (rest + chunk).rpartition(_END)
            if end:
                passed = self._passed(whole + end)
                if passed:
                    yield passed
        if rest:
            yield self._passed(rest)

    def _passed(self, events: bytes) -> bytes:
        if b'"usage"' not in events:
            return events
        return b"".join(map(self._seen, events.split(_END)[:-1])) if _END in events else events

    def _seen(self, event: bytes) -> bytes:
        try:
            chunk = json.loads(event.removeprefix(b"data:"))
        except ValueError:
            return event + _END
        usage = chunk.get("usage") if isinstance(chunk, dict) else None
        self.usage = usage or self.usage
        return b"" if usage and self._hide and not chunk.get("choices") else event + _END

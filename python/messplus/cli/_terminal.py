"""What the commands print, safe to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from messplus._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


class Terminal:
    """A text stream that spells out characters a terminal would obey.

    Tables, state folders and encoder folders come from elsewhere, and so do the names in them: an
    escape sequence in one could clear the screen or rewrite what stands there.

    Parameters
    ----------
    stream
        Where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; its lines and tabs stay.

        Parameters
        ----------
        text
            Any text.
        """
        self._stream.write(printable(text, keep="\n\t"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts.

        Parameters
        ----------
        lines
            Any texts.
        """
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

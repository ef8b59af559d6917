"""A file of lines that somebody else may rotate."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import TextIOWrapper


class LineFile(WatchedFileHandler):
    """Appends lines, each in one write, to a file made for its owner only.

    Parameters
    ----------
    path
        The file, opened at the first line.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self._error: BaseException | None = None

    def append(self, line: str) -> BaseException | None:
        """Append a line; return what kept it from being written."""
        self.acquire()
        try:
            self._error = None
            self.emit(logging.makeLogRecord({"msg": line}))
            return self._error
        finally:
            self.release()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; what the base class lets through is handled like what it catches."""
        try:
            super().emit(record)
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Keep the error, and drop the file with what is left in its buffer."""
        self._error = sys.exc_info()[1]
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        stream = os.fdopen(descriptor, "a", encoding=self.encoding)
        if _is_cut(path):
            # The end of a process or of the disk's room cut a line: the next one begins its own.
            stream.write(self.terminator)
        return stream

    def __del__(self) -> None:
        # A router that goes leaves no open file behind.
        if self.stream is not None:
            self.stream.close()


def _is_cut(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"

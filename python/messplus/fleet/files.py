"""Files of one folder, which somebody else may have prepared: no link is followed."""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Links are refused, and a pipe opens at once instead of waiting for its other end.
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Files:
    """The files of a folder, by name.

    Parameters
    ----------
    path
        The folder, which is there and no link.

    Raises
    ------
    OSError
        If it is not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFELY)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._folder)

    def is_in_place(self) -> bool:
        """Whether the path still names this folder."""
        try:
            found = os.lstat(self.path)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self._folder))

    def holds(self, name: str, file: int) -> bool:
        """Whether an open file still has this name."""
        try:
            found = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(file))

    def names(self) -> list[str]:
        """Names of the files, in their order."""
        return sorted(os.listdir(self._folder))  # noqa: PTH208

    def numbers(self, kind: str) -> list[int]:
        """Numbers of the files called ``kind`` and sixteen digits, in their order."""
        wanted = re.compile(f"{kind}-([0-9a-f]{{16}})")
        return [int(found[1], 16) for name in self.names() if (found := wanted.fullmatch(name))]

    def open(self, name: str, *, write: bool = False, make: bool = False) -> int:
        """Open an ordinary file, made for its owner alone where it may be made."""
        mode = os.O_RDWR if write else os.O_RDONLY
        file = os.open(
            name, mode | _SAFELY | (os.O_CREAT if make else 0), 0o600, dir_fd=self._folder
        )
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or (write and found.st_nlink > 1):
            os.close(file)
            raise OSError(f"{self.path / name}: must be an ordinary file of one name")
        return file

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """Open a file to read for a while."""
        file = self.open(name)
        try:
            yield file
        finally:
            os.close(file)

    def read(self, name: str) -> bytes:
        """All bytes of a file."""
        with self.opened(name) as file:
            return pread_all(file, os.fstat(file).st_size, 0)

    def put(self, name: str, content: bytes, *, sync: bool) -> None:
        """Write a file: complete and, with ``sync``, lasting, or not at all."""
        temporary = f"{name}.{os.urandom(4).hex()}.tmp"
        try:
            file = self.create(temporary)
            try:
                pwrite_all(file, content, 0)
                if sync:
                    os.fsync(file)
            finally:
                os.close(file)
            self.rename(temporary, name)
        except OSError:
            self.remove(temporary)
            raise
        if sync:
            self.sync()

    def create(self, name: str) -> int:
        """Make a file in the place of what was there before, which is not written to."""
        self.remove(name)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY
        return os.open(name, flags, 0o600, dir_fd=self._folder)

    def rename(self, name: str, new: str) -> None:
        """Give a file another name."""
        os.rename(name, new, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def remove(self, name: str) -> None:
        """Remove a file that may be there."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)

    def set_aside(self, name: str) -> str:
        """Keep a file out of the way, where nothing overwrites it; its name from now on."""
        taken = set(self.names())
        n = 1
        while (aside := f"{name}.aside-{n}") in taken:
            n += 1
        self.rename(name, aside)
        return aside

    def sync(self) -> None:
        """Let names last."""
        os.fsync(self._folder)


def pread_all(file: int, length: int, offset: int) -> bytes:
    """Read so many bytes, or all there are."""
    parts = []
    while length > 0 and (part := os.pread(file, length, offset)):
        parts.append(part)
        length, offset = length - len(part), offset + len(part)
    return b"".join(parts)


def pwrite_all(file: int, content: bytes, offset: int) -> None:
    """Write all bytes."""
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written

"""Which replicas of a folder are alive, how far they have read, and what dead ones left."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from messplus._core import read_spool
from messplus._logger import logger
from messplus.exceptions import StateError

from .files import pwrite_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .files import Files


class Living:
    """Tells that replicas are alive, and which ones are.

    Parameters
    ----------
    files
        The folder of the log.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._held: dict[str, int] = {}

    def close(self) -> None:
        """Hold nothing any more. A child that does so leaves its parent's locks alone."""
        for file in self._held.values():
            os.close(file)
        self._held.clear()

    def tell(self, replica: int, position: int) -> None:
        """Say that a replica is alive and has read so many batches."""
        name = f"replica-{replica:016x}"
        file = self._held.get(name)
        if file is not None and not self._files.holds(name, file):
            os.close(self._held.pop(name))
            file = None
        content = f"{os.getpid():<10} {position:016x}\n".encode()
        if file is None:
            # Locked and written before anybody can see it.
            file = self._files.create(f"{name}.tmp")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            pwrite_all(file, content, 0)
            self._files.rename(f"{name}.tmp", name)
            self._held[name] = file
        else:
            pwrite_all(file, content, 0)

    def leave(self, replica: int) -> None:
        """Say that a replica ends. What is in its spool is for others to send."""
        name = f"replica-{replica:016x}"
        left = Left(self._files, replica)
        if name in self._held:
            if not left.pages():
                self._files.remove(name)
            os.close(self._held.pop(name))

    def positions(self) -> list[int]:
        """How far the living replicas have read."""
        return list(self.readers().values())

    def readers(self) -> dict[int, int]:
        """The living replicas, and how far each has read."""
        found = {}
        for name in self._replicas():
            if name in self._held or not self._is_dead(name):
                try:
                    position = int(self._files.read(name).split()[1], 16)
                except (FileNotFoundError, IndexError, ValueError):
                    continue
                found[int(name.removeprefix("replica-"), 16)] = position
        return found

    def dead(self) -> Iterator[Left]:
        """What replicas left that were killed, each held by the caller alone while he looks."""
        for name in self._replicas():
            if name in self._held or not self._is_dead(name):
                continue
            try:
                file = self._files.open(name)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield Left(self._files, int(name.removeprefix("replica-"), 16))
            except BlockingIOError:
                continue
            finally:
                os.close(file)

    def _replicas(self) -> list[str]:
        return [f"replica-{replica:016x}" for replica in self._files.numbers("replica")]

    def _is_dead(self, name: str) -> bool:
        try:
            with self._files.opened(name) as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return True
        except BlockingIOError:
            return False
        except FileNotFoundError:
            return True


@dataclass(frozen=True)
class Left:
    """What a replica that is dead left.

    Attributes
    ----------
    files
        The folder of the log.
    replica
        The replica.
    """

    files: Files
    replica: int

    def pages(self) -> list[str]:
        """The pages of its spool, in their order."""
        start = f"spool-{self.replica:016x}-"
        return [
            name for name in self.files.names() if name.startswith(start) and "aside" not in name
        ]

    def batches(self, *, set_aside: bool = True) -> Iterator[bytes]:
        """What it did and the log may not have; damaged pages are set aside, or left alone."""
        for name in self.pages():
            content = self.files.read(name)
            try:
                batch = read_spool(content)
            except StateError as error:
                if content and set_aside:
                    aside = self.files.set_aside(name)
                    logger.error("%s: %s, kept as %s", self.files.path / name, error, aside)
                continue
            if batch is not None:
                yield batch

    def remove(self) -> None:
        """Remove what was sent."""
        for name in self.pages():
            self.files.remove(name)
        self.files.remove(f"replica-{self.replica:016x}")

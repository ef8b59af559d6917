"""The log of a fleet on one host, in a folder.

::

    state/log/lock                        held by the one that appends
    state/log/segment-0000000000000000    batches in their order; goes on in the next one
    state/log/snapshot-00000000000007d0   the state after so many batches; the newest two are kept
    state/log/saving                      held by the one that writes a snapshot
    state/log/replica-5ebc0f9a31d7e264    held by a living replica; how far it has read
    state/log/spool-5ebc0f9a31d7e264-...  what that replica did, until the log has it

Readers need no lock. Locks go with their process, so a killed one is noticed without any clock, and
the next replica to look sends what is in its spool.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import time
from contextlib import contextmanager, suppress
from itertools import pairwise
from time import monotonic
from typing import TYPE_CHECKING
from zlib import crc32

from messplus._logger import logger
from messplus.exceptions import StateError

from . import segments
from .files import Files, pread_all, pwrite_all
from .living import Living
from .log import Mark, Snapshot, Spool
from .segments import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Bytes of a segment after which the next one begins.
SEGMENT = 16 << 20
# Seconds to wait for another process that appends: it is stopped in the middle of it.
TIMEOUT = 2.0
# Seconds after which what was appended is made to last, in groups.
GROUP = 0.03
_HEADER = struct.Struct("<8sIQ8sI")
_LABEL, _FORMAT = b"MESSLOGP", 1


class FolderLog:
    """Keeps a log in a folder.

    Parameters
    ----------
    path
        The router's folder, which the log is a folder of.
    durability
        What power loss may cost, as for :meth:`messplus.Router.open`.

    Raises
    ------
    StateError
        If what is called ``log`` there is no folder, or one that cannot be read.
    """

    def __init__(self, path: Path, durability: str = "group") -> None:
        self.address = str(path)
        self._path = path / "log"
        self._syncs = durability != "none"
        self.spool = Spool(self._path, durability == "each")
        self._files: Files | None = None
        self._forget()
        try:
            self._folder()
        except OSError as error:
            raise StateError(f"{self.address}: must hold a sound log, got {error}") from error

    @staticmethod
    def is_at(path: Path) -> bool:
        """Whether a router's folder holds a log."""
        return os.path.lexists(path / "log")

    def _forget(self) -> None:
        self._reader: Cursor | None = None
        self._writer: Cursor | None = None
        self._living: Living | None = None
        self._dirty, self._synced_at = False, -GROUP

    def reconnect(self) -> None:
        """Have files of one's own: locks of the parent must not be held by a child as well."""
        self.close()

    def close(self) -> None:
        """Let go of all files."""
        for held in (self._reader, self._writer, self._living, self._files):
            if held is not None:
                held.close()
        self._files = None
        self._forget()

    def _folder(self) -> Files | None:
        """The folder as it is now; None where there is none."""
        if self._files is not None and not self._files.is_in_place():
            self.close()
        if self._files is None:
            with suppress(FileNotFoundError):
                self._files = Files(self._path)
        return self._files

    def snapshot(self) -> Snapshot | None:
        """The newest snapshot that can be read."""
        files = self._folder()
        if files is None:
            return None
        found = _snapshots(files)
        for position in reversed(found):
            snapshot = _decode(position, files.read(_name(position)))
            if snapshot is not None:
                return snapshot
            logger.error("%s: %s is damaged", self.address, _name(position))
        raise OSError(f"{self._path}: must hold a sound snapshot, got {len(found)} damaged ones")

    def begin(self, snapshot: Snapshot) -> None:
        """Begin a log with a snapshot, unless there is one: complete or not at all."""
        files = self._folder()
        if files is not None:
            with _exclusive(files):
                self._lead_on(files, snapshot.mark)
            return
        made = self._path.with_name(f"log.{os.urandom(4).hex()}.tmp")
        made.parent.mkdir(0o700, parents=True, exist_ok=True)
        made.mkdir(0o700)
        try:
            files = Files(made)
            try:
                mark = snapshot.mark
                files.put(segments.name(mark.position), segments.header(mark), sync=self._syncs)
                files.put(_name(mark.position), _encode(snapshot), sync=self._syncs)
            finally:
                files.close()
            with suppress(FileExistsError):
                _rename_new(made, self._path)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        # It is there, whatever becomes of its name.
        with suppress(OSError):
            _sync_folder(self._path.parent)

    def _lead_on(self, files: Files, mark: Mark) -> None:
        """Begin a segment at a snapshot where the ones there are do not lead on from it."""
        if self._seek(files, mark) is not None:
            return
        begins = segments.positions(files)
        first = max([each for each in begins if each <= mark.position], default=0)
        for position in begins:
            if position >= first:
                aside = files.set_aside(segments.name(position))
                logger.error(
                    "%s: nothing leads from snapshot %d to segment %d, which is kept as %s",
                    *(self.address, mark.position, position, aside),
                )
        files.put(segments.name(mark.position), segments.header(mark), sync=self._syncs)

    def append(self, mark: Mark, batch: bytes) -> bool:
        """Append a batch."""
        files = self._folder()
        if files is None:
            return False
        with _exclusive(files):
            if self._seek(files, mark) is None:
                return False
            self._write(files, batch)
        return True

    def _write(self, files: Files, batch: bytes) -> None:
        """Append a batch where the log ends; only with the lock."""
        writer = self._end(files)
        content = segments.frame(os.urandom(8), batch)
        try:
            pwrite_all(writer.file, content, writer.offset)
        except OSError:
            os.ftruncate(writer.file, writer.offset)
            raise
        self._dirty = True

    def _end(self, files: Files) -> Cursor:
        """Where the log ends, after nothing but whole frames and with room for more."""
        writer = self._writer
        if writer is None or not writer.is_sound():
            begins = segments.positions(files)
            if not begins:
                raise FileNotFoundError(f"{self._path}: must have a segment")
            writer = self._writer = Cursor(files, begins[-1], write=True)
        while writer.read():
            pass
        if not writer.is_sealed():
            self._repair(files, writer)
            if writer.offset < SEGMENT:
                return writer
            pwrite_all(writer.file, segments.seal(), writer.offset)
        # Sealed for good before there is a next one: so the next one is never without it.
        if self._syncs:
            os.fdatasync(writer.file)
        mark = writer.mark
        files.put(segments.name(mark.position), segments.header(mark), sync=self._syncs)
        writer.read()
        return writer

    def _repair(self, files: Files, writer: Cursor) -> None:
        """Cut off what a killed writer left half-written; keep what is behind damage."""
        size = os.fstat(writer.file).st_size
        if size == writer.offset:
            return
        rest = pread_all(writer.file, size - writer.offset, writer.offset)
        kept = segments.salvage(rest)
        if kept:
            aside = f"{segments.name(writer.mark.position)}.damaged"
            files.put(aside, rest, sync=self._syncs)
            logger.error(
                "%s: the log is damaged after batch %d; %d batches behind that are entered anew, "
                "and what was found is kept as %s",
                *(self.address, writer.mark.position, len(kept), files.set_aside(aside)),
            )
        os.ftruncate(writer.file, writer.offset)
        for whole in kept:
            pwrite_all(writer.file, whole, writer.offset)
            writer.read()

    def read(self, mark: Mark) -> Sequence[tuple[Mark, bytes]] | None:
        """Some batches after a mark."""
        files = self._folder()
        reader = None if files is None else self._seek(files, mark)
        return None if reader is None else reader.read()

    def _seek(self, files: Files, mark: Mark) -> Cursor | None:
        """Have the reader at a mark; None where that is no place in the log."""
        reader = self._reader
        if reader is not None:
            if reader.mark == mark and reader.is_sound():
                return reader
            reader.close()
            self._reader = None
        begin = [position for position in segments.positions(files) if position <= mark.position]
        if not begin:
            return None
        reader = Cursor(files, begin[-1])
        while reader.mark.position < mark.position and reader.read(until=mark.position):
            pass
        if reader.mark != mark:
            reader.close()
            return None
        self._reader = reader
        return reader

    def flush(self, *, now: bool = False) -> bool:
        """Make what was appended last."""
        if self._dirty and self._syncs:
            if not now and monotonic() - self._synced_at < GROUP:
                return False
            if self._writer is not None:
                os.fdatasync(self._writer.file)
            self._synced_at = monotonic()
        self._dirty = False
        return True

    def alive(self, replica: int, mark: Mark) -> int:
        """Say that a replica is alive and how far it has read; send what dead ones left."""
        files = self._folder()
        if files is None:
            return 1
        if self._living is None:
            self._living = Living(files)
        self._living.tell(replica, mark.position)
        for left in self._living.dead():
            with _exclusive(files):
                for batch in left.batches():
                    self._write(files, batch)
            self.flush(now=True)
            left.remove()
        return len(self._living.positions())

    def readers(self) -> dict[int, int]:
        """The living replicas, and how far each has read."""
        files = self._folder()
        return {} if files is None else Living(files).readers()

    def unsent(self) -> Sequence[bytes]:
        """What killed replicas left; the log may have some of it."""
        files = self._folder()
        dead = () if files is None else Living(files).dead()
        return [batch for left in dead for batch in left.batches(set_aside=False)]

    def leave(self, replica: int) -> None:
        """Say that a replica ends."""
        if self._living is not None:
            self._living.leave(replica)

    def save(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot, and drop what nobody needs."""
        files = self._folder()
        if files is None:
            return False
        lease = files.open("saving", write=True, make=True)
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = _snapshots(files)
            mark = snapshot.mark
            reader = self._seek(files, mark)
            if reader is None or found[-1:] >= [mark.position]:
                return False
            if self._syncs:
                # Segments before this one lasted when they were sealed.
                os.fdatasync(reader.file)
            files.put(_name(mark.position), _encode(snapshot), sync=self._syncs)
            self._prune(files)
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(lease)

    def _prune(self, files: Files) -> None:
        """Keep the newest two snapshots, and the log from the older one and every replica on."""
        found = _snapshots(files)
        for position in found[:-2]:
            files.remove(_name(position))
        for name in files.names():
            # Of one that was killed while it wrote it: it held the lease.
            if name.startswith("snapshot-") and name.endswith(".tmp"):
                files.remove(name)
        living = Living(files) if self._living is None else self._living
        needed = min([*found[-2:], *living.positions()])
        begins = segments.positions(files)
        for position, after in pairwise(begins):
            if after <= needed:
                files.remove(segments.name(position))


@contextmanager
def _exclusive(files: Files) -> Iterator[None]:
    """Be the one that appends."""
    lock = files.open("lock", write=True, make=True)
    try:
        until = monotonic() + TIMEOUT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    raise
                time.sleep(0.0005)
        yield
    finally:
        # A child forked meanwhile has it open as well.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _name(position: int) -> str:
    return f"snapshot-{position:016x}"


def _snapshots(files: Files) -> list[int]:
    return files.numbers("snapshot")


def _encode(snapshot: Snapshot) -> bytes:
    mark, state = snapshot.mark, snapshot.state
    start = _HEADER.pack(_LABEL, _FORMAT, mark.position, mark.tail, 0)[:-4]
    return start + struct.pack("<I", crc32(state, crc32(start))) + state


def _decode(position: int, content: bytes) -> Snapshot | None:
    label, version, found, tail, total = _HEADER.unpack(content[:32].ljust(32, b"\0"))
    state = content[_HEADER.size :]
    if label == _LABEL and version != _FORMAT:
        raise OSError(f"{_name(position)}: must be of format {_FORMAT}, got {version}")
    sound = total == crc32(state, crc32(content[: _HEADER.size - 4]))
    return Snapshot(Mark(found, tail), state) if sound and found == position else None


def _rename_new(path: Path, new: Path) -> None:
    """Rename a folder; one that is there and not empty is kept."""
    try:
        path.rename(new)
    except OSError as error:
        if FolderLog.is_at(new.parent):
            raise FileExistsError(str(new)) from error
        raise


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

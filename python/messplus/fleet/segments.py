"""Segments of a log on file: headers, frames, and cursors that walk them.

::

    segment    "MESSLOGS"  format u32  position u64  tail 8 bytes  crc32 of all before  frames
    frame      "MFRM"  length u32  crc32 u32  name 8 bytes  batch
    last one   length 0: the log goes on in the next segment

``position`` counts the batches before, ``tail`` names the last of them, ``crc32`` is of length,
name and batch. A frame that is not whole ends what can be read: somebody writes it at this moment,
or was killed while he did. One that is whole but damaged, with a sound one after it, is passed over
by every reader alike, as an empty batch.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING
from zlib import crc32

from .files import pread_all
from .log import Mark

if TYPE_CHECKING:
    from .files import Files

_HEADER = struct.Struct("<8sIQ8sI")
_FRAME = struct.Struct("<4sII8s")
_LABEL, _FORMAT, _MAGIC = b"MESSLOGS", 1, b"MFRM"
_SEAL = bytes(8)
LARGEST = 1 << 30
# Bytes read at once.
_CHUNK = 1 << 20


def name(position: int) -> str:
    """Name of the segment that begins after so many batches."""
    return f"segment-{position:016x}"


def positions(files: Files) -> list[int]:
    """Where the segments begin, in their order."""
    return files.numbers("segment")


def header(mark: Mark) -> bytes:
    """The header of a segment that begins at a mark."""
    start = _HEADER.pack(_LABEL, _FORMAT, mark.position, mark.tail, 0)[:-4]
    return start + struct.pack("<I", crc32(start))


def frame(tail: bytes, batch: bytes) -> bytes:
    """A frame with the name of a batch."""
    return _FRAME.pack(_MAGIC, len(batch), _sum(tail, batch), tail) + batch


def seal() -> bytes:
    """The frame after which the log goes on in the next segment."""
    return frame(_SEAL, b"")


def _sum(tail: bytes, batch: bytes) -> int:
    return crc32(batch, crc32(tail, crc32(struct.pack("<I", len(batch)))))


class Cursor:
    """A place in the log, from which it can be read on.

    Parameters
    ----------
    files
        The folder of the log.
    position
        Where the segment to begin with begins.
    write
        Whether its files are opened to be written to as well.

    Raises
    ------
    OSError
        If the segment cannot be read, or is of another format.
    """

    def __init__(self, files: Files, position: int, *, write: bool = False) -> None:
        self._files, self._write = files, write
        self.file = -1
        self._open(position)

    def _open(self, position: int) -> None:
        file = self._files.open(name(position), write=self._write)
        try:
            start = pread_all(file, _HEADER.size, 0)
            label, version, _, tail, total = _HEADER.unpack(start.ljust(_HEADER.size, b"\0"))
            if label != _LABEL or version != _FORMAT or total != crc32(start[:-4]):
                raise OSError(
                    f"{self._files.path / name(position)}: must be a segment of format {_FORMAT}"
                )
        except BaseException:
            os.close(file)
            raise
        self.close()
        self.file, self.offset, self._begin = file, _HEADER.size, position
        self.mark = Mark(position, tail)
        # Where the file says how the last batch is called.
        self._named_at = _HEADER.size - 12

    def close(self) -> None:
        """Let go of the file."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def is_sound(self) -> bool:
        """Whether the log still leads here."""
        if not self._files.holds(name(self._begin), self.file):
            return False
        return os.pread(self.file, 8, self._named_at) == self.mark.tail

    def read(self, limit: int = _CHUNK, until: int | None = None) -> list[tuple[Mark, bytes]]:
        """Walk over the next whole frames, some of many, and not beyond a position."""
        found: list[tuple[Mark, bytes]] = []
        while not found:
            bytes_ = pread_all(self.file, limit, self.offset)
            at = 0
            while (cut := _cut(bytes_, at)) is not None:
                tail, batch, end = cut
                if not batch and tail == _SEAL:
                    if not self._go_on():
                        return found
                    break
                self._named_at = self.offset + 12
                self.offset += end - at
                self.mark = Mark(self.mark.position + 1, tail)
                found.append((self.mark, batch))
                at = end
                if self.mark.position == until:
                    return found
            else:
                if len(bytes_) < limit:
                    return found
                # A frame that is longer, or needs the next one to be judged.
                limit *= 2
        return found

    def _go_on(self) -> bool:
        tail = self.mark.tail
        try:
            self._open(self.mark.position)
        except FileNotFoundError:
            return False
        if self.mark.tail != tail:
            raise OSError(f"{self._files.path}: segments must follow one another")
        return True

    def is_sealed(self) -> bool:
        """Whether the log goes on in the next segment, which is not there yet."""
        return pread_all(self.file, _FRAME.size, self.offset) == seal()


def _length(bytes_: bytes, at: int) -> int:
    """How long the frame there is; zero where that cannot be told."""
    if len(bytes_) - at < _FRAME.size:
        return 0
    magic, length, _, _ = _FRAME.unpack_from(bytes_, at)
    return _FRAME.size + length if magic == _MAGIC and length <= LARGEST else 0


def _cut(bytes_: bytes, at: int) -> tuple[bytes, bytes, int] | None:
    """Name, batch and end of the frame there; None where there is none to go on from."""
    whole = _whole(bytes_, at)
    if whole is not None:
        return whole
    length = _length(bytes_, at)
    end = at + length
    if length == 0 or _whole(bytes_, end) is None:
        return None
    # Damaged, with another one after it. Its name is where it says, or makes this no place.
    return bytes_[at + 12 : at + 20], b"", end


def _whole(bytes_: bytes, at: int) -> tuple[bytes, bytes, int] | None:
    length = _length(bytes_, at)
    end = at + length
    if length == 0 or end > len(bytes_):
        return None
    _, _, total, tail = _FRAME.unpack_from(bytes_, at)
    batch = bytes_[at + _FRAME.size : end]
    return (tail, batch, end) if _sum(tail, batch) == total else None


def salvage(bytes_: bytes) -> list[bytes]:
    """Find whole frames behind damage, as they are on file."""
    found, at = [], bytes_.find(_MAGIC)
    while at >= 0:
        whole = _whole(bytes_, at)
        if whole is not None and whole[0] != _SEAL:
            found.append(bytes_[at : whole[2]])
        at = bytes_.find(_MAGIC, at + 1 if whole is None else whole[2])
    return found

"""The wire format of protocol buffers, for files that may be hostile.

By hand: the package ``onnx`` would parse all of a file first, and would be one more dependency at
run time. Numbers are checked and skipped; nobody here asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZE = {_FIXED64: 8, _FIXED32: 4}
_MAX_FIELDS = 5_000_000  # seconds of reading; graphs in the wild need some ten thousand


class Reader:
    """Reads messages of one file, a bounded number of fields in all.

    Its methods raise ``ValueError`` or ``IndexError`` where the bytes are not such a message.
    """

    def __init__(self) -> None:
        self._fields_left = _MAX_FIELDS

    def fields(self, message: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Yield number and content of the length-delimited fields."""
        position = 0
        while position < len(message):
            self._fields_left -= 1
            if self._fields_left < 0:
                raise ValueError(f"more than {_MAX_FIELDS} fields")
            key, position = _varint(message, position)
            wire_type = key & 7
            if wire_type == _VARINT:
                _, position = _varint(message, position)
                continue
            if wire_type == _BYTES:
                size, position = _varint(message, position)
            elif wire_type in _FIXED_SIZE:
                size = _FIXED_SIZE[wire_type]
            else:
                raise ValueError(f"wire type {wire_type} at byte {position}")
            end = position + size
            if end > len(message):
                raise ValueError(f"truncated at byte {position}")
            if wire_type == _BYTES:
                yield key >> 3, message[position:end]
            position = end

    def text(self, message: memoryview, wanted: int) -> str:
        """Return a string field, the last if it is repeated, as protocol buffers say."""
        text = ""
        for number, value in self.fields(message):
            if number == wanted:
                text = bytes(value).decode("utf-8")
        return text


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError(f"number longer than 10 bytes at byte {position}")

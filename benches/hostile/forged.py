"""States and journals that somebody wrote, with fitting checksums: refused, or they work."""

from __future__ import annotations

import contextlib
import random
import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING

import confined
import damage

from messplus import _core
from messplus.exceptions import MessPlusError

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

PER_CHILD = 250
#: Bytes before the payload of a state: label, format, length.
HEAD = 20
#: Bytes of a journal's header that its checksum is of.
HEADER = 28
VALUES = (b"\xff", b"\xff" * 4, b"\xff" * 8, b"\x00" * 8, b"\x7f" * 8, b"\x00" * 6 + b"\xf0\x7f")


def run(home: Path, full: bool, harm: Counter[str]) -> int:
    """Forge states, and every fourth time a journal."""
    files, state = damage.killed(home)
    total = 8_000 if full else 1_000
    for first in range(0, total, PER_CHILD):
        numbers = range(first, min(first + PER_CHILD, total))
        confined.run(partial(_cases, home, files, state, numbers), harm, seconds=60)
    return total


def _cases(home: Path, files: damage.Files, state: bytes, numbers: range) -> int:
    for number in numbers:
        chance = random.Random(number)
        with contextlib.suppress(MessPlusError):
            if number % 4:
                _use(_core.Controller.from_bytes(_state(state, chance)))
            else:
                name = max(name for name in files if name.startswith("journal-"))
                damage.write(home / "forged", {**files, name: _journal(files[name], chance)})
                _use(_core.Controller.recover(home / "forged")[0])
    return 0


def _use(core: _core.Controller) -> None:
    """What was let in must work, and be read back."""
    for _ in range(2):
        with contextlib.suppress(MessPlusError):
            core.observe(core.decide(), satisfied=True, cost=0.5)
    core.report()
    _core.Controller.from_bytes(core.to_bytes())


def _change(content: bytearray, start: int, chance: random.Random) -> None:
    digits = [at for at in range(start, len(content)) if 48 <= content[at] <= 57]
    for _ in range(chance.randint(1, 3)):
        if digits and chance.random() < 0.3:
            # Settings are written in digits.
            content[chance.choice(digits)] = chance.choice(b"0123456789e-.")
        else:
            at = chance.randrange(start, len(content))
            value = chance.choice((*VALUES, chance.randbytes(2)))
            content[at : at + len(value)] = value


def _state(state: bytes, chance: random.Random) -> bytes:
    forged = bytearray(state[:-4])
    _change(forged, HEAD, chance)
    struct.pack_into("<Q", forged, 12, len(forged) - HEAD)
    return bytes(forged) + struct.pack("<I", zlib.crc32(forged))


def _journal(journal: bytes, chance: random.Random) -> bytes:
    """The same frames, one of them changed or many times over, each with its checksum."""
    chain, at, transitions = zlib.crc32(journal[:HEADER]), HEADER + 4, []
    while at < len(journal):
        (length,) = struct.unpack_from("<I", journal, at)
        transitions.append(bytearray(journal[at + 8 : at + 8 + length]))
        at += 8 + length
    chosen = chance.randrange(len(transitions))
    if chance.random() < 0.2:
        transitions[chosen:chosen] = [transitions[chosen]] * 500
    else:
        _change(transitions[chosen], 0, chance)
    out = bytearray(journal[: HEADER + 4])
    for transition in transitions:
        length_bytes = struct.pack("<I", len(transition))
        chain = zlib.crc32(transition, zlib.crc32(length_bytes, chain))
        out += length_bytes + struct.pack("<I", chain) + transition
    return bytes(out)

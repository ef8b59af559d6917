"""Load for servers on loopback: a small HTTP client over raw connections, and its percentiles."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

PROMPTS = (
    "What is the capital of France?",
    "Prove that there are infinitely many primes, and say where the proof uses induction.",
    "Summarise the second chapter of this contract in three sentences.",
    "Write a function that parses dates in any of five formats. Add tests.",
)


@dataclass(frozen=True)
class Times:
    """What a run took: seconds of each request, and of the whole."""

    each: Sequence[float]
    whole: float

    def __add__(self, other: Times) -> Times:
        return Times([*self.each, *other.each], self.whole + other.whole)

    def percentile(self, percent: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.each)
        return 1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    @property
    def per_second(self) -> float:
        return len(self.each) / self.whole


def chat(index: int) -> list[dict[str, str]]:
    """The chat of a request."""
    return [{"role": "user", "content": PROMPTS[index % len(PROMPTS)]}]


async def run(n: int, at_once: int, request: Callable[[int], Awaitable[None]]) -> Times:
    """Make ``n`` requests, so many at once."""
    each: list[float] = []
    numbers = iter(range(n))

    async def work() -> None:
        for number in numbers:
            start = perf_counter()
            await request(number)
            each.append(perf_counter() - start)

    start = perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return Times(each, perf_counter() - start)


class Connections:
    """Connections to a server that are kept open between requests."""

    def __init__(self, url: str, model: str, key: str, **call: Any) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        self._path = f"{parts.path}/chat/completions"
        self._headers = f"host: {parts.netloc}\r\nauthorization: Bearer {key}\r\n"
        self._call = {"model": model, **call}
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(self, index: int) -> None:
        """Make a request and read the whole answer, which must be 200."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():  # the server may have closed it
                break
            writer.close()
        else:
            reader, writer = await asyncio.open_connection(*self._address)
        body = json.dumps({**self._call, "messages": chat(index)}).encode()
        head = f"POST {self._path} HTTP/1.1\r\n{self._headers}content-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines[1:] if b": " in line)
        if b"content-length" in headers:
            answer = await reader.readexactly(int(headers[b"content-length"]))
        else:
            answer = await _chunks(reader)
        if b" 200 " not in lines[0]:
            raise RuntimeError(f"{lines[0]!r}: {answer[:200]!r}")
        self._idle.append((reader, writer))

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    while size := int(await reader.readline(), 16):
        answer += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return answer

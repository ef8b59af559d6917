"""A fake provider on loopback that speaks OpenAI's API: what integrations are tested against.

``down`` in a model's name answers 429 to everything, ``bad`` 400; ``--failures`` of all other calls
get 500, drawn from a seed. ``GET /calls`` counts what was served and failed, per model.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[2]
WORDS = ("Paris", " is", " the", " capital", ".")
USAGE = {"prompt_tokens": 20, "completion_tokens": len(WORDS), "total_tokens": 20 + len(WORDS)}


class Provider:
    """The application."""

    def __init__(self, failures: float, delay: float, cached: int = 0) -> None:
        self.failures = failures
        self.delay = delay
        self.draw = random.Random(0)
        self.served: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": cached}}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["method"] == "GET":
            await reply(send, 200, {"served": self.served, "failed": self.failed})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        call = json.loads(body)
        model = call["model"]
        status = self.status(model)
        if self.delay:
            await asyncio.sleep(self.delay)
        if status != 200:
            self.failed[model] += 1
            await reply(send, status, {"error": {"message": "no", "type": "fake", "code": None}})
            return
        self.served[model] += 1
        if scope["path"].endswith("/embeddings"):
            vectors = [{"object": "embedding", "index": 0, "embedding": [0.0, 1.0]}]
            answer = {"object": "list", "data": vectors, "model": model, "usage": self.usage}
            await reply(send, 200, answer)
        elif scope["path"].endswith("/responses"):
            await reply(send, 200, self.response(model))
        elif call.get("stream"):
            asked = (call.get("stream_options") or {}).get("include_usage", False)
            await stream(send, self.chunks(model, asked))
        else:
            await reply(send, 200, self.completion(model))

    def status(self, model: str) -> int:
        if "down" in model:
            return 429
        if "bad" in model:
            return 400
        return 500 if self.draw.random() < self.failures else 200

    def completion(self, model: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(WORDS)}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": self.usage,
        }

    async def chunks(self, model: str, usage: bool) -> AsyncIterator[dict[str, Any]]:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        for word in WORDS:
            delta = {"role": "assistant", "content": word}
            yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        if usage:
            yield {**head, "choices": [], "usage": self.usage}

    def response(self, model: str) -> dict[str, Any]:
        text = {"type": "output_text", "text": "".join(WORDS), "annotations": []}
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": model,
            "output": [
                {
                    "type": "message",
                    "id": "msg_1",
                    "status": "completed",
                    "role": "assistant",
                    "content": [text],
                }
            ],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": {
                "input_tokens": USAGE["prompt_tokens"],
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": USAGE["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": USAGE["total_tokens"],
            },
        }


async def reply(send: Any, status: int, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(send: Any, chunks: AsyncIterator[dict[str, Any]]) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for chunk in chunks:
        event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def process(command: list[str], url: str, env: dict[str, str] | None = None) -> Iterator[None]:
    """Run a server until it answers at a URL, and end it afterwards."""
    environment = {**os.environ, **(env or {})}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                if server.poll() is not None:
                    raise RuntimeError(f"{command[:4]} ended with {server.returncode}")
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                raise RuntimeError(f"{command[:4]} does not answer at {url}")
            yield
        finally:
            server.terminate()


@contextmanager
def running(failures: float = 0.0, delay: float = 0.0, cached: int = 0) -> Iterator[str]:
    """A provider in a process of its own, as the URL of its API."""
    port = free_port()
    options = ["--failures", str(failures), "--delay", str(delay), "--cached", str(cached)]
    command = [sys.executable, "-m", "tests.gateways.provider", str(port), *options]
    with process(command, f"http://127.0.0.1:{port}/calls"):
        yield f"http://127.0.0.1:{port}/v1"


def calls(url: str) -> dict[str, Any]:
    """What a provider has counted."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/calls", timeout=5) as answer:
        counted: dict[str, Any] = json.load(answer)
        return counted


def main() -> None:
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--failures", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--cached", type=int, default=0)
    args = parser.parse_args()
    app: Any = Provider(args.failures, args.delay, args.cached)
    uvicorn.run(app, host="127.0.0.1", port=args.port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()

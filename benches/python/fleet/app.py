"""A service as small as can be, for WSGI and ASGI servers: its router is made at import."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from messplus import SLA, Model, Router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

ROUTER = Router.open(
    os.environ["FLEET_ADDRESS"],
    [Model("small", cost=0.1), Model("large", cost=1.0)],
    SLA(0.8),
)


def answer(path: str, query: str) -> bytes:
    """Serve ``/select?prompt=``, ``/rate?id=&satisfied=`` and ``/report``."""
    asked = dict(parse_qsl(query))
    told: dict[str, Any] = {"process": os.getpid()}
    if path == "/select":
        decision = ROUTER.select(asked["prompt"])
        told |= {"id": decision.id, "model": decision.model}
    elif path == "/rate":
        ROUTER.feedback(asked["id"], satisfied=asked["satisfied"] == "1", cost=0.5)
    else:
        report = ROUTER.report()
        told |= {"decisions": report.decisions, "rated": report.rated, "cost": report.cost}
        told["digest"] = hashlib.blake2b(ROUTER.to_bytes()).hexdigest()
    return json.dumps(told).encode()


def wsgi(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """The service for gunicorn."""
    body = answer(environ["PATH_INFO"], environ["QUERY_STRING"])
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The service for uvicorn."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = answer(scope["path"], scope["query_string"].decode())
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""The application: its routes, its key, its life."""

from __future__ import annotations

import hmac
import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from messplus._optional import require
from messplus.integrations.feedback import FeedbackRoute
from messplus.integrations.guard import Guard
from messplus.reports.metrics import RouterCollector
from messplus.reports.view import view

from .chat import ALIAS, Chat
from .errors import ApiError
from .upstreams import Upstreams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from messplus.router import Router

    from .settings import ServeSettings


def make(router: Router, settings: ServeSettings) -> Starlette:
    """Make the application; it closes the router when it ends.

    Parameters
    ----------
    router
        The router.
    settings
        What the table ``[serve]`` says.
    """
    prometheus = require("prometheus_client", "serve")
    guard, upstreams = Guard(router), Upstreams(settings)
    registry = prometheus.CollectorRegistry()
    registry.register(RouterCollector(router))
    registry.register(guard)

    async def models(_: Request) -> Response:
        names = [ALIAS, *settings.upstreams]
        data = [{"id": n, "object": "model", "created": 0, "owned_by": "messplus"} for n in names]
        return JSONResponse({"object": "list", "data": data})

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(_: Request) -> Response:
        text = prometheus.generate_latest(registry)
        return Response(text, media_type=prometheus.CONTENT_TYPE_LATEST)

    async def report(_: Request) -> Response:
        return JSONResponse(view(router.report(), router.calendar(), time.time()))

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        await upstreams.close()
        router.close()

    routes = [
        Route("/v1/chat/completions", Chat(guard, settings, upstreams).__call__, methods=["POST"]),
        Route("/v1/models", models),
        Route("/feedback", FeedbackRoute(guard)),
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/report", report),
    ]
    key = os.environ[settings.key_env] if settings.key_env else None
    return Starlette(routes=routes, middleware=[Middleware(Bearer, key=key)], lifespan=life)


class Bearer:
    """Lets requests in that bring the key, if there is one; whoever asks for health needs none.

    Parameters
    ----------
    app
        What is behind it.
    key
        The key.
    """

    def __init__(self, app: Any, key: str | None) -> None:
        self._app = app
        self._expected = None if key is None else f"Bearer {key}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        app = self._app
        if self._expected is not None and scope["type"] == "http" and scope["path"] != "/healthz":
            found = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(found, self._expected):
                app = ApiError(401, "a valid key is needed", "invalid_api_key").response()
        await app(scope, receive, send)

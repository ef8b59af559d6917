"""A route that takes ratings: a small ASGI application to mount beside a gateway or an API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from messplus.exceptions import FeedbackError, InputError

from .guard import Guard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from messplus.router import Router

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_MAX_BODY = 4096
_KEYS = {"id", "satisfied", "model"}


class FeedbackRoute:
    """Takes ``POST {"id": ..., "satisfied": ...}`` and answers 204.

    The id of a decision is 128 random bits: whoever has it may rate, once. ``satisfied`` is true,
    false or a number in ``[0, 1]``; ``model`` names the model that served where it was not the
    chosen one. Errors are answered as OpenAI's API does: 400 for a malformed body, 404 for a
    decision that is unknown, expired or rated already, 413 for a body beyond 4 KiB.

    Parameters
    ----------
    router
        The router that decided, or the guard of the integration that asked it, which knows where
        another model than the chosen one served.

    Notes
    -----
    In Starlette or FastAPI::

        app.add_route("/feedback", FeedbackRoute(router), methods=["POST"])
    """

    def __init__(self, router: Router | Guard) -> None:
        self._guard = router if isinstance(router, Guard) else Guard(router)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            await _answer(send, 405, "must be a POST")
            return
        body = await _read(receive)
        if body is None:
            await _answer(send, 413, f"body: must have at most {_MAX_BODY} bytes")
            return
        await _answer(send, *self._take(body))

    def _take(self, body: bytes) -> tuple[int, str]:
        try:
            rating = json.loads(body)
        except ValueError:
            return 400, "body: must be JSON"
        if not isinstance(rating, dict) or not {"id", "satisfied"} <= rating.keys() <= _KEYS:
            return 400, "body: must be an object of id, satisfied and, perhaps, model"
        decision, satisfied, model = rating["id"], rating["satisfied"], rating.get("model")
        if not isinstance(decision, str) or not isinstance(satisfied, bool | int | float):
            return 400, "id: must be a string, and satisfied true, false or a number"
        if not isinstance(model, str | None):
            return 400, "model: must be a string"
        try:
            self._guard.rate(decision, satisfied, model)
        except FeedbackError as error:
            return 404, str(error)
        except InputError as error:
            return 400, str(error)
        return 204, ""


async def _read(receive: Receive) -> bytes | None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MAX_BODY:
            return None
    return body


async def _answer(send: Send, status: int, message: str) -> None:
    error = {"error": {"message": message, "type": "invalid_request_error", "param": None}}
    body = json.dumps(error).encode() if message else b""
    headers = [(b"content-type", b"application/json")] if body else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

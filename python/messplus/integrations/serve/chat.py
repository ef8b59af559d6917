"""``POST /v1/chat/completions``: choose, call, pass the answer on."""

from __future__ import annotations

import json
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx
from starlette.responses import Response, StreamingResponse

from messplus import usage as usages
from messplus.integrations.attempts import answer_async
from messplus.integrations.failure import Failure
from messplus.integrations.requirements import required

from .errors import ApiError
from .relay import Relay
from .upstreams import UnavailableError, no_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from messplus._core import Decision
    from messplus.integrations.guard import Guard, Options

    from .settings import ServeSettings
    from .upstreams import Upstreams

ALIAS = "messplus"
DECISION, MODEL = "x-messplus-decision-id", "x-messplus-model"


class Chat:
    """Serves chats.

    Parameters
    ----------
    guard
        Whom to ask.
    settings
        Who may be asked for, and how much to bear.
    upstreams
        Whom to call.
    """

    def __init__(self, guard: Guard, settings: ServeSettings, upstreams: Upstreams) -> None:
        self._guard = guard
        self._settings = settings
        self._upstreams = upstreams

    async def __call__(self, request: Request) -> Response:
        """Serve one request."""
        try:
            call = _checked(await _body(request, self._settings.max_body))
            asked = call.pop("model")
            if asked == ALIAS:
                return await self._route(call, _options(request))
            if asked in self._settings.upstreams:
                return await self._pass(await self._begin(call, asked), {MODEL: asked})
            known = ", ".join([ALIAS, *self._settings.upstreams])
            message = f"model: must be one of {known}, got {asked!r}"
            raise ApiError(404, message, "model_not_found", "model")
        except ApiError as error:
            return error.response()
        except UnavailableError as error:
            return no_answer(error).response()

    async def _route(self, call: dict[str, Any], options: Options) -> Response:
        tools = call.get("tools") or call.get("functions")
        options["requires"] = required(call["messages"], tools)
        decision = await self._guard.aselect(prompt=call["messages"], **options)
        hide = bool(call.get("stream")) and not call.get("stream_options")
        if hide:
            call["stream_options"] = {"include_usage": True}
        start = perf_counter()
        model, answer = await answer_async(self._guard, decision, partial(self._begin, call))
        headers = {MODEL: model} | ({DECISION: decision.id} if decision else {})
        if decision is None or answer.status_code != 200:
            return await self._pass(answer, headers)
        if isinstance(answer, _Whole):
            usage = _usage(answer.body)
            self._served(decision, model, usage, start)
            return answer.response(headers)
        events = self._relay(answer, Relay(hide), decision, model, start)
        return StreamingResponse(events, 200, headers, "text/event-stream")

    async def _begin(self, call: dict[str, Any], model: str) -> httpx.Response | _Whole:
        """An answer that has begun: whole, or the stream that was asked for."""
        answer = await self._upstreams.send(model, call)
        if call.get("stream") and answer.status_code == 200:
            return answer
        kind = answer.headers.get("content-type", "application/json")
        return _Whole(answer.status_code, await self._upstreams.read(answer), kind)

    async def _pass(self, answer: httpx.Response | _Whole, headers: dict[str, str]) -> Response:
        if isinstance(answer, _Whole):
            return answer.response(headers)
        return StreamingResponse(_bytes(answer), 200, headers, "text/event-stream")

    async def _relay(
        self, answer: httpx.Response, relay: Relay, decision: Decision, model: str, start: float
    ) -> AsyncIterator[bytes]:
        try:
            async for events in relay.events(answer.aiter_bytes()):
                yield events
            self._served(decision, model, relay.usage, start)
        except httpx.HTTPError:
            # Too late for another model: the client has part of an answer.
            self._guard.failed(decision, model, Failure())
            yield b'data: {"error": {"message": "the model broke off", "type": "server_error"}}\n\n'
        finally:
            await answer.aclose()

    def _served(self, decision: Decision, model: str, usage: Any, start: float) -> None:
        latency = perf_counter() - start
        self._guard.served(decision, model, usage=usages.read(usage), latency=latency)


class _Whole:
    """An answer that has been read."""

    def __init__(self, status: int, body: bytes, kind: str) -> None:
        self.status_code = status
        self.body = body
        self._kind = kind

    def response(self, headers: dict[str, str]) -> Response:
        return Response(self.body, self.status_code, headers, self._kind)


async def _bytes(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_bytes():
            yield part
    finally:
        await answer.aclose()


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise ApiError(413, f"body: must have at most {most} bytes", "body_too_large")
    return bytes(body)


def _checked(body: bytes) -> dict[str, Any]:
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "body: must be JSON", "invalid_json") from None
    if not isinstance(call, dict):
        raise ApiError(400, "body: must be an object", "invalid_type")
    if not isinstance(call.get("model"), str):
        raise ApiError(400, "model: must be a string", "invalid_type", "model")
    messages = call.get("messages")
    chat = isinstance(messages, list) and all(isinstance(message, dict) for message in messages)
    if not chat or not messages:
        raise ApiError(400, "messages: must be a list of messages", "invalid_type", "messages")
    return call


def _options(request: Request) -> Options:
    options: Options = {}
    if "x-messplus-sla" in request.headers:
        options["sla"] = request.headers["x-messplus-sla"]
    if "x-messplus-session" in request.headers:
        options["session"] = request.headers["x-messplus-session"]
    if "x-messplus-max-cost" in request.headers:
        options["max_cost"] = _cost("x-messplus-max-cost", request.headers["x-messplus-max-cost"])
    return options


def _cost(header: str, text: str) -> float:
    try:
        cost = float(text)
    except ValueError:
        cost = -1.0
    if not 0.0 <= cost <= 1e18:
        message = f"{header}: must be a number in [0, 1e18], got {text!r}"
        raise ApiError(400, message, "invalid_value", header)
    return cost


def _usage(body: bytes) -> Any:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer.get("usage") if isinstance(answer, dict) else None

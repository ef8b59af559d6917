"""Calls of upstreams: connections, time-outs, and which failures are worth another model."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx

from messplus.integrations.failure import of_status

from .errors import ApiError

if TYPE_CHECKING:
    from .settings import ServeSettings

_CONNECT_SECONDS = 5.0


class UnavailableError(Exception):
    """An upstream did not answer as it should.

    Parameters
    ----------
    status
        What the gateway answers if no other model does better.
    response
        The answer, where there is one.
    """

    def __init__(self, status: int, response: httpx.Response | None = None) -> None:
        super().__init__(f"status {status}")
        self.status_code = status
        self.response = response


class Upstreams:
    """Connections to all of them.

    Parameters
    ----------
    settings
        Whom to call, and how long to wait.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        limits = httpx.Limits(max_connections=1024, max_keepalive_connections=256)
        patience = httpx.Timeout(settings.timeout, connect=_CONNECT_SECONDS)
        self._client = httpx.AsyncClient(limits=limits, timeout=patience)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, model: str, call: dict[str, Any]) -> httpx.Response:
        """Send a chat to the upstream of a model; its answer is still to be read.

        Raises
        ------
        UnavailableError
            If another model may do better.
        """
        upstream = self._settings.upstreams[model]
        request = self._client.build_request(
            "POST",
            f"{upstream.url}/chat/completions",
            content=json.dumps({**call, "model": upstream.model}).encode(),
            headers=upstream.headers(),
        )
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await self._client.send(request, stream=True)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise UnavailableError(504) from error
        except httpx.HTTPError as error:
            raise UnavailableError(502) from error
        if of_status(answer.status_code, answer.headers) is not None:
            await answer.aclose()
            # The answer's headers go along: they may say when to ask again.
            raise UnavailableError(429 if answer.status_code == 429 else 502, answer)
        return answer

    async def read(self, answer: httpx.Response) -> bytes:
        """Read a whole answer.

        Raises
        ------
        UnavailableError
            If it does not come, or is too long.
        """
        body, most = bytearray(), 16 * self._settings.max_body
        try:
            async with asyncio.timeout(self._settings.timeout):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > most:
                        raise UnavailableError(502)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise UnavailableError(504) from error
        except httpx.HTTPError as error:
            raise UnavailableError(502) from error
        finally:
            await answer.aclose()
        return bytes(body)


def no_answer(error: UnavailableError) -> ApiError:
    """What a client is told when no model answered."""
    message = "no model answered; the last failed for a reason of its provider's"
    return ApiError(error.status_code, message, "no_model_answered")

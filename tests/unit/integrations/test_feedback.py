"""The route for ratings, called as any ASGI server calls it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from messplus.integrations.feedback import FeedbackRoute
from tests.zoo import make_router

ROUTER = make_router()
ROUTE = FeedbackRoute(ROUTER)


def post(body: bytes, method: str = "POST") -> tuple[int, Any]:
    sent: list[dict[str, Any]] = []
    parts = [body[:10], body[10:]]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(ROUTE({"type": "http", "method": method}, receive, send))
    answer = sent[1]["body"]
    return sent[0]["status"], json.loads(answer) if answer else None


def test_a_rating_counts_once() -> None:
    decision = ROUTER.select("x")
    rating = json.dumps({"id": decision.id, "satisfied": 0.5}).encode()
    assert post(rating) == (204, None)
    status, answer = post(rating)
    assert status == 404
    assert "one rating per model" in answer["error"]["message"]


def test_the_model_that_served_may_be_named() -> None:
    decision = ROUTER.select("x")
    other = decision.ranking[1]
    rated = ROUTER.report().models[other].rated
    body = {"id": decision.id, "satisfied": True, "model": other}
    assert post(json.dumps(body).encode())[0] == 204
    assert ROUTER.report().models[other].rated == rated + 1


ID = "0" * 32


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 400),
        (b"[]", 400),
        (b'{"id": "x"}', 400),
        (json.dumps({"id": ID, "satisfied": "yes"}).encode(), 400),
        (json.dumps({"id": 7, "satisfied": True}).encode(), 400),
        (json.dumps({"id": ID, "satisfied": True, "model": 7}).encode(), 400),
        (json.dumps({"id": ID, "satisfied": True, "more": 7}).encode(), 400),
        (json.dumps({"id": ID, "satisfied": True}).encode(), 404),
        (b"x" * 5000, 413),
    ],
)
def test_malformed_ratings_are_refused_as_openai_does(body: bytes, status: int) -> None:
    before = ROUTER.to_bytes()
    found, answer = post(body)
    assert found == status
    assert answer["error"]["type"] == "invalid_request_error"
    assert ROUTER.to_bytes() == before


def test_only_post_is_served() -> None:
    assert post(b"", "GET")[0] == 405

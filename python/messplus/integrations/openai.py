"""Clients in the form of OpenAI's SDK: ``model="messplus"`` and the router chooses.

>>> client = RoutedOpenAI(router, openai.OpenAI())  # doctest: +SKIP
>>> answer = client.chat.completions.create(model="messplus", messages=[...])  # doctest: +SKIP
>>> router.feedback(answer.decision_id, satisfied=True)  # doctest: +SKIP

Any client whose ``chat.completions.create`` takes and gives what OpenAI's does will serve; nothing
here imports one.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from messplus import usage as usages
from messplus.exceptions import ConfigError

from .attempts import answer, answer_async
from .guard import Guard
from .requirements import required

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from messplus._core import Decision
    from messplus.featurizers import Prompt
    from messplus.router import Router

    from .guard import Options, Request

ALIAS = "messplus"


class _Routed:
    """What both clients are made of."""

    def __init__(
        self, router: Router, client: Any, clients: Mapping[str, Any] | None = None
    ) -> None:
        self.guard = Guard(router)
        self._client = client
        self._clients = dict(clients or {})
        strangers = self._clients.keys() - {model.name for model in router.models}
        if strangers:
            raise ConfigError(f"clients: must be by model of the zoo, got {sorted(strangers)}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    @property
    def chat(self) -> _Chat:
        """The namespace of OpenAI's SDK."""
        return _Chat(self)

    def _create(self, model: str, **call: Any) -> Any:
        return self._clients.get(model, self._client).chat.completions.create(model=model, **call)


class RoutedOpenAI(_Routed):
    """A client that chooses the model of a chat where ``model="messplus"`` is asked for.

    ``create`` takes one more argument, ``messplus``: ``tags``, ``sla``, ``session``, ``allowed``,
    ``requires`` and ``max_cost`` as :meth:`Router.select` does. Images in the messages require
    ``vision``, tools require ``tools``. Answers and streams carry ``decision_id``. A call that
    fails for a reason of the provider's goes on with the next best model. Everything else is the
    client's.

    Parameters
    ----------
    router
        The router; its models are named as the providers name them.
    client
        The client that calls models.
    clients
        Clients of the models that another provider serves, by model.

    Attributes
    ----------
    guard
        Nothing of ours fails a call; ``guard.errors`` counts what was left out instead.
    """

    def create(self, *, messages: Prompt, messplus: Options | None = None, **call: Any) -> Any:
        """Choose, call, and tell the router what that took."""
        decision = self.guard.select(**_request(messages, messplus, call))
        hide = _ask_for_usage(call)
        start = perf_counter()
        create = partial(self._create, messages=messages, **call)
        model, answered = answer(self.guard, decision, create)
        if decision is None:
            return answered
        if call.get("stream"):
            return RoutedStream(answered, self.guard, decision, model, start, hide)
        _served(self.guard, decision, model, answered, start)
        return answered


class RoutedAsyncOpenAI(_Routed):
    """The asynchronous form of :class:`RoutedOpenAI`, with the same parameters."""

    async def create(
        self, *, messages: Prompt, messplus: Options | None = None, **call: Any
    ) -> Any:
        """Choose, call, and tell the router what that took."""
        decision = await self.guard.aselect(**_request(messages, messplus, call))
        hide = _ask_for_usage(call)
        start = perf_counter()
        create = partial(self._create, messages=messages, **call)
        model, answered = await answer_async(self.guard, decision, create)
        if decision is None:
            return answered
        if call.get("stream"):
            return RoutedStream(answered, self.guard, decision, model, start, hide)
        _served(self.guard, decision, model, answered, start)
        return answered


class RoutedStream:
    """The provider's stream, with the decision's id; its end tells the router what it took.

    Attributes
    ----------
    decision_id
        For feedback.
    """

    def __init__(
        self,
        stream: Any,
        guard: Guard,
        decision: Decision,
        model: str,
        start: float,
        hide_usage: bool,
    ) -> None:
        self.decision_id = decision.id
        self._stream = stream
        self._guard = guard
        self._decision = decision
        self._model = model
        self._start = start
        self._hide = hide_usage
        self._usage: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[Any]:
        """Chunks of a synchronous client."""
        for chunk in self._stream:
            if self._shown(chunk):
                yield chunk
        self._ended()

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Chunks of an asynchronous client."""
        async for chunk in self._stream:
            if self._shown(chunk):
                yield chunk
        self._ended()

    def __enter__(self) -> RoutedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    async def __aenter__(self) -> RoutedStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stream.close()

    def _shown(self, chunk: Any) -> bool:
        usage = getattr(chunk, "usage", None)
        if usage is None:
            return True
        self._usage = usage
        return not self._hide or bool(chunk.choices)

    def _ended(self) -> None:
        self._guard.served(
            self._decision,
            self._model,
            usage=usages.read(self._usage),
            latency=perf_counter() - self._start,
        )


class _Chat:
    """``client.chat``, where ``client.chat.completions`` is ours."""

    def __init__(self, routed: _Routed) -> None:
        self._routed = routed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._routed._client.chat, name)

    @property
    def completions(self) -> _Completions:
        return _Completions(self._routed)


class _Completions:
    """``client.chat.completions``, where ``create`` of our alias is ours."""

    def __init__(self, routed: Any) -> None:
        self._routed = routed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._routed._client.chat.completions, name)

    def create(self, *, model: str, **call: Any) -> Any:
        if model == ALIAS:
            return self._routed.create(**call)
        return self._routed._client.chat.completions.create(model=model, **call)


def _request(messages: Prompt, messplus: Options | None, call: Mapping[str, Any]) -> Request:
    """Arguments for the router's choice."""
    request: Request = {**(messplus or {}), "prompt": messages}
    tools = call.get("tools") or call.get("functions")
    request["requires"] = required(messages, tools, request.get("requires"))
    return request


def _ask_for_usage(call: dict[str, Any]) -> bool:
    """Ask for the usage of a stream; whether the caller has not, and shall not see it."""
    if not call.get("stream") or call.get("stream_options"):
        return False
    call["stream_options"] = {"include_usage": True}
    return True


def _served(guard: Guard, decision: Decision, model: str, answered: Any, start: float) -> None:
    usage = usages.read(getattr(answered, "usage", None))
    guard.served(decision, model, usage=usage, latency=perf_counter() - start)
    try:
        answered.decision_id = decision.id
    except (AttributeError, TypeError, ValueError) as error:
        guard.left_out("decision_id", error)

"""LangChain: a middleware that chooses an agent's model, and a chat model that routes."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from messplus import usage as usages
from messplus._optional import require
from messplus.exceptions import ConfigError

from .attempts import answer, answer_async
from .guard import Guard
from .requirements import required

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from messplus._core import Decision
    from messplus.featurizers import Prompt
    from messplus.router import Router

    from .guard import Request

#: Where an answer carries the decision's id: in its ``response_metadata``.
DECISION_ID = "messplus_decision_id"

_core: Any = require("langchain_core.runnables", "langchain")
_config: Any = require("langchain_core.runnables.config", "langchain")
_messages: Any = require("langchain_core.messages", "langchain")
_middleware: Any = require("langchain.agents.middleware", "langchain")


class MessPlusMiddleware(_middleware.AgentMiddleware):
    """Chooses the model of every call an agent makes (``create_agent(..., middleware=[...])``).

    A call that fails for a reason of the provider's goes on with the next best model.

    Parameters
    ----------
    router
        The router.
    models
        The chat model of each model of the zoo.

    Raises
    ------
    ConfigError
        If a model of the zoo has no chat model.
    """

    def __init__(self, router: Router, models: Mapping[str, Any]) -> None:
        super().__init__()
        self.guard = _guard(router, models)
        self._models = dict(models)

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Call the model that is chosen."""
        decision = self.guard.select(**_request(request.messages, request.tools))
        start = perf_counter()
        model, response = answer(
            self.guard,
            decision,
            lambda name: handler(request.override(model=self._models[name])),
        )
        _served(self.guard, decision, model, response.result[-1], start)
        return response

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Call the model that is chosen."""
        decision = await self.guard.aselect(**_request(request.messages, request.tools))
        start = perf_counter()
        model, response = await answer_async(
            self.guard,
            decision,
            lambda name: handler(request.override(model=self._models[name])),
        )
        _served(self.guard, decision, model, response.result[-1], start)
        return response


class RoutedChatModel(_core.Runnable):
    """A runnable in the place of a chat model: in a chain, every call is routed.

    Parameters
    ----------
    router, models
        As for :class:`MessPlusMiddleware`.
    """

    def __init__(self, router: Router | Guard, models: Mapping[str, Any]) -> None:
        self.guard = router if isinstance(router, Guard) else _guard(router, models)
        self._models = dict(models)

    def bind_tools(self, tools: Any, **options: Any) -> RoutedChatModel:
        """The same with tools bound to every model."""
        bound = {name: model.bind_tools(tools, **options) for name, model in self._models.items()}
        return RoutedChatModel(self.guard, bound)

    def invoke(self, input: Any, config: Any = None, **options: Any) -> Any:  # noqa: A002
        """Answer with the model that is chosen."""
        decision = self.guard.select(**_request(input, config=config))
        start = perf_counter()
        model, message = answer(
            self.guard,
            decision,
            lambda name: self._models[name].invoke(input, config, **options),
        )
        _served(self.guard, decision, model, message, start)
        return message

    async def ainvoke(self, input: Any, config: Any = None, **options: Any) -> Any:  # noqa: A002
        """Answer with the model that is chosen."""
        decision = await self.guard.aselect(**_request(input, config=config))
        start = perf_counter()
        model, message = await answer_async(
            self.guard,
            decision,
            lambda name: self._models[name].ainvoke(input, config, **options),
        )
        _served(self.guard, decision, model, message, start)
        return message

    def stream(
        self,
        input: Any,  # noqa: A002
        config: Any = None,
        **options: Any,
    ) -> Iterator[Any]:
        """Stream from the model that is chosen; the first chunk carries the decision's id."""
        decision = self.guard.select(**_request(input, config=config))
        start = perf_counter()

        def begin(name: str) -> tuple[Any, Iterator[Any]]:
            chunks = self._models[name].stream(input, config, **options)
            return next(chunks), chunks

        model, (whole, chunks) = answer(self.guard, decision, begin)
        yield _marked(whole, decision)
        for chunk in chunks:
            whole += chunk
            yield chunk
        _served(self.guard, decision, model, whole, start)

    async def astream(
        self,
        input: Any,  # noqa: A002
        config: Any = None,
        **options: Any,
    ) -> AsyncIterator[Any]:
        """Stream from the model that is chosen; the first chunk carries the decision's id."""
        decision = await self.guard.aselect(**_request(input, config=config))
        start = perf_counter()

        async def begin(name: str) -> tuple[Any, AsyncIterator[Any]]:
            chunks = self._models[name].astream(input, config, **options)
            return await anext(chunks), chunks

        model, (whole, chunks) = await answer_async(self.guard, decision, begin)
        yield _marked(whole, decision)
        async for chunk in chunks:
            whole += chunk
            yield chunk
        _served(self.guard, decision, model, whole, start)


def _guard(router: Router, models: Mapping[str, Any]) -> Guard:
    zoo = sorted(model.name for model in router.models)
    if not models.keys() >= set(zoo):
        raise ConfigError(f"models: must have a chat model for each of {zoo}, got {sorted(models)}")
    return Guard(router)


def _request(given: Any, tools: object = None, config: Any = None) -> Request:
    """Arguments for the router's choice."""
    prompt = _prompt(given)
    return {"prompt": prompt, "requires": required(prompt, tools), "session": _thread(config)}


def _prompt(given: Any) -> Prompt:
    """The prompt as routers read it; whatever they cannot read is theirs to refuse."""
    if hasattr(given, "to_messages"):
        given = given.to_messages()
    if isinstance(given, str):
        return given
    prompt: Prompt = _messages.convert_to_openai_messages(given)
    return prompt


def _thread(config: Any = None) -> str | None:
    """The conversation a call belongs to: LangGraph's ``thread_id``, if there is one."""
    found = config or _config.var_child_runnable_config.get() or {}
    thread = found.get("configurable", {}).get("thread_id")
    return None if thread is None else str(thread)


def _served(
    guard: Guard, decision: Decision | None, model: str, message: Any, start: float
) -> None:
    if decision is None:
        return
    usage = usages.read(getattr(message, "usage_metadata", None))
    guard.served(decision, model, usage=usage, latency=perf_counter() - start)
    _marked(message, decision)


def _marked(message: Any, decision: Decision | None) -> Any:
    if decision is not None:
        message.response_metadata = {**message.response_metadata, DECISION_ID: decision.id}
    return message

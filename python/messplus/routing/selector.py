"""From a request to a decision: its features, the core's choice, and what is noted of both."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, cast

from messplus._core import Histogram
from messplus.featurizers.chat import estimate_tokens
from messplus.featurizers.requests import DURATIONS

from .request import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from messplus._core import Controller, Decision
    from messplus.featurizers import Prompt
    from messplus.featurizers.requests import RequestFeatures, Tags, Vector
    from messplus.logs.jsonl import JsonlLog
    from messplus.reports.watch import Watch

    from .caches import PromptCaches
    from .pending import CallerIds
    from .request import Asked, Request


class Selector:
    """Selects models for requests.

    Parameters
    ----------
    core
        The native controller, which decides.
    features
        What turns requests into vectors; replaced where the featurizer is fitted.
    ids
        The ids callers give.
    shadow
        Who serves in the router's place, with the share that explores.
    log
        Where decisions are written down.
    watch
        Says which service levels nobody rates.
    caches
        Expects what is left in prompt caches.

    Attributes
    ----------
    durations
        How long one selection takes, features included.
    """

    def __init__(
        self,
        core: Controller,
        features: RequestFeatures,
        ids: CallerIds,
        shadow: tuple[str, float] | None,
        log: JsonlLog | None,
        watch: Watch,
        caches: PromptCaches,
    ) -> None:
        self.features = features
        self.durations = Histogram(DURATIONS)
        self._core, self._ids, self._shadow = core, ids, shadow
        self._log, self._watch, self._caches = log, watch, caches

    def now(self, prompt: Prompt | None, request: Request) -> Decision:
        """Select at once; parameters and errors as for :meth:`messplus.Router.select`."""
        start = perf_counter()
        tags, features, tokens = _taken(prompt, request)
        vector = self.features.one(prompt, tags, features, tokens)
        return self._decide(start, vector, request)

    async def later(self, deadline: float, prompt: Prompt | None, request: Request) -> Decision:
        """Select off the event loop; parameters as for :meth:`messplus.Router.aselect`."""
        start = perf_counter()
        tags, features, tokens = _taken(prompt, request)
        vector = await self.features.one_async(prompt, tags, features, tokens, deadline)
        return self._decide(start, vector, request)

    def many(
        self,
        prompts: Sequence[Prompt],
        tags: Sequence[Tags] | None,
        terms: Terms,
    ) -> list[Decision]:
        """Select for many requests; parameters as for :meth:`messplus.Router.select_many`."""
        if strange := terms.keys() - Terms.__optional_keys__:
            raise TypeError(f"unexpected keyword argument {min(strange)!r}")
        vectors = self.features.many(prompts, tags)
        return [
            self._decide(perf_counter(), vector, _with_tokens(terms, prompt))
            for prompt, vector in zip(prompts, vectors, strict=True)
        ]

    def what_if(self, prompt: Prompt | None, asked: Asked) -> Decision:
        """Select for nobody; parameters and errors as for :meth:`messplus.Router.predict`."""
        tags, features, tokens = _taken(prompt, asked)
        vector = self.features.look(prompt, tags, features, tokens)
        self._expect_cached(asked)
        return self._core.predict(vector, asked)

    def _decide(self, start: float, vector: Vector | None, request: Request) -> Decision:
        id_ = self._ids.new(request.pop("id")) if "id" in request else None
        session = self._expect_cached(request) if "session" in request else None
        decision = self._core.decide(vector, request, self._shadow, id_)
        if session is not None:
            self._caches.decided(decision.id, session)
        self.durations.observe(perf_counter() - start)
        if self._log is not None:
            self._log.decided(decision, request.get("sla"), vector)
        if decision.step % self._watch.EVERY == 0:
            self._watch.unrated(self._core.unrated())
        return decision

    def _expect_cached(self, asked: Asked) -> str | None:
        """Say what should be cached of a conversation's prompt where the caller does not."""
        session = asked.get("session")
        if asked.get("cached_tokens") is None:
            asked["cached_tokens"] = self._caches.expected(session)
        return session


def billed_tokens(prompt: Prompt | None, given: int | None) -> int | None:
    """Tokens a request is billed for: those given, else an estimate where there is a prompt."""
    return estimate_tokens(prompt) if given is None and prompt is not None else given


def _taken(prompt: Prompt | None, asked: Asked) -> tuple[Tags, npt.ArrayLike | None, int | None]:
    """Take out what features are made of, and note the tokens; the rest is for the core."""
    tokens = asked.get("input_tokens")
    if tokens is None and prompt is not None:
        tokens = asked["input_tokens"] = estimate_tokens(prompt)
    return asked.pop("tags", None), asked.pop("features", None), tokens


def _with_tokens(terms: Terms, prompt: Prompt) -> Request:
    return cast("Request", {**terms, "input_tokens": estimate_tokens(prompt)})

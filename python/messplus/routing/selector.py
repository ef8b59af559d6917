"""From a request to a decision: its features, the core's choice, and what is noted of both."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, TypedDict

from messplus._core import Histogram
from messplus.featurizers.chat import estimate_tokens
from messplus.featurizers.requests import DURATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from messplus._core import Controller, Decision
    from messplus.featurizers import Prompt
    from messplus.featurizers.requests import RequestFeatures, Vector
    from messplus.logs.jsonl import JsonlLog
    from messplus.reports.watch import Watch

    from .caches import PromptCaches
    from .pending import CallerIds


class Request(TypedDict, total=False):
    """What :meth:`messplus.Router.select` takes beside the prompt, which explains each.

    Attributes
    ----------
    tags, features, costs, allowed, requires, sla, session, input_tokens, cached_tokens, id
        As for :meth:`messplus.Router.select`.
    """

    tags: Mapping[str, str] | None
    features: npt.ArrayLike | None
    costs: Mapping[str, float] | None
    allowed: Collection[str] | None
    requires: Collection[str] | None
    sla: str | None
    session: str | None
    input_tokens: int | None
    cached_tokens: Mapping[str, int] | None
    id: str | None


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

    def now(
        self,
        prompt: Prompt | None,
        tags: Mapping[str, str] | None,
        features: npt.ArrayLike | None,
        costs: Mapping[str, float] | None,
        allowed: Collection[str] | None,
        requires: Collection[str] | None,
        sla: str | None,
        session: str | None,
        input_tokens: int | None,
        cached_tokens: Mapping[str, int] | None,
        id: str | None,  # noqa: A002
    ) -> Decision:
        """Select at once; parameters and errors as for :meth:`messplus.Router.select`."""
        start = perf_counter()
        tokens = billed_tokens(prompt, input_tokens)
        vector = self.features.one(prompt, tags, features, tokens)
        return self._decide(
            start, vector, costs, allowed, requires, sla, session, tokens, cached_tokens, id
        )

    async def later(
        self,
        deadline: float,
        prompt: Prompt | None,
        *,
        tags: Mapping[str, str] | None = None,
        features: npt.ArrayLike | None = None,
        costs: Mapping[str, float] | None = None,
        allowed: Collection[str] | None = None,
        requires: Collection[str] | None = None,
        sla: str | None = None,
        session: str | None = None,
        input_tokens: int | None = None,
        cached_tokens: Mapping[str, int] | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Decision:
        """Select off the event loop; parameters as for :meth:`messplus.Router.aselect`."""
        start = perf_counter()
        tokens = billed_tokens(prompt, input_tokens)
        vector = await self.features.one_async(prompt, tags, features, tokens, deadline)
        return self._decide(
            start, vector, costs, allowed, requires, sla, session, tokens, cached_tokens, id
        )

    def many(
        self,
        prompts: Sequence[Prompt],
        tags: Sequence[Mapping[str, str] | None] | None,
        costs: Mapping[str, float] | None,
        allowed: Collection[str] | None,
        requires: Collection[str] | None,
        sla: str | None,
    ) -> list[Decision]:
        """Select for many requests; parameters as for :meth:`messplus.Router.select_many`."""
        requests = zip(
            map(estimate_tokens, prompts), self.features.many(prompts, tags), strict=True
        )
        return [
            self._decide(
                perf_counter(), vector, costs, allowed, requires, sla, None, tokens, None, None
            )
            for tokens, vector in requests
        ]

    def _decide(
        self,
        start: float,
        vector: Vector | None,
        costs: Mapping[str, float] | None,
        allowed: Collection[str] | None,
        requires: Collection[str] | None,
        sla: str | None,
        session: str | None,
        tokens: int | None,
        cached_tokens: Mapping[str, int] | None,
        id: str | None,  # noqa: A002
    ) -> Decision:
        given, shadow = self._ids.new(id), self._shadow
        cached = self._caches.expected(session) if cached_tokens is None else cached_tokens
        decision = self._core.decide(
            vector, costs, allowed, requires, sla, session, tokens, shadow, given, cached
        )
        self._caches.decided(decision.id, session)
        self.durations.observe(perf_counter() - start)
        if self._log is not None:
            self._log.decided(decision, sla, vector)
        if decision.step % self._watch.EVERY == 0:
            self._watch.unrated(self._core.unrated())
        return decision


def billed_tokens(prompt: Prompt | None, given: int | None) -> int | None:
    """Tokens a request is billed for: those given, else an estimate where there is a prompt."""
    return estimate_tokens(prompt) if given is None and prompt is not None else given

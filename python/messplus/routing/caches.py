"""What providers should have in their prompt caches, per conversation, as bills have told."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from messplus.usage import Usage

_V = TypeVar("_V")
_CONVERSATIONS = 16_384
# A hit rate averages over about this many calls.
_WINDOW = 50.0


class PromptCaches:
    """Expects of each call of a conversation what the calls before it have left in caches.

    A call leaves its prompt in the cache of its provider for ``ttl`` seconds, and the next prompt
    of the conversation begins with it. Which share of that a provider then reads from its cache is
    learned per model; a model of which no second call was seen is expected to cache nothing.
    Belongs to the process: what is forgotten costs a cache miss, nothing else.

    Parameters
    ----------
    ttl
        Seconds for which a prompt stays cached after its last use, ``>= 0``; zero for never.
    clock
        Seconds that only grow.

    Attributes
    ----------
    ttl, clock
        As given; may be changed at any time.
    """

    def __init__(self, ttl: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.ttl = ttl
        self.clock = clock
        self._lock = threading.Lock()
        # Per conversation and model: tokens of the latest prompt, and when it was sent.
        self._prompts: OrderedDict[str, dict[str, tuple[int, float]]] = OrderedDict()
        self._conversations: OrderedDict[str, str] = OrderedDict()
        # Per model: share of the tokens expected that were read from the cache, over so many calls.
        self._hits: dict[str, tuple[float, float]] = {}

    def expected(self, conversation: str | None) -> dict[str, int] | None:
        """Tokens of the next prompt of a conversation that each model should find cached."""
        if conversation is None or not self._hits:
            return None
        with self._lock:
            prompts = self._prompts.get(conversation, {})
            warm = self._warm(prompts)
            found = {m: round(tokens * self._hits[m][0]) for m, tokens in warm if m in self._hits}
        return {model: tokens for model, tokens in found.items() if tokens} or None

    def decided(self, decision: str, conversation: str | None) -> None:
        """Remember the conversation of a decision, by the decision's id."""
        if conversation is None:
            return
        with self._lock:
            _remember(self._conversations, decision, conversation)

    def called(self, decision: str, model: str, usage: Usage) -> None:
        """Learn from the tokens that a call for a decision was billed for."""
        with self._lock:
            conversation = self._conversations.get(decision)
            if conversation is None:
                return
            prompts = self._prompts.get(conversation, {})
            before = dict(self._warm(prompts)).get(model)
            if before:
                share = min(1.0, usage.cached_tokens / min(before, max(usage.input_tokens, 1)))
                mean, n = self._hits.get(model, (0.0, 0.0))
                self._hits[model] = (mean + (share - mean) / min(n + 1, _WINDOW), n + 1)
            prompts[model] = (usage.input_tokens, self.clock())
            _remember(self._prompts, conversation, prompts)

    def _warm(self, prompts: Mapping[str, tuple[int, float]]) -> list[tuple[str, int]]:
        now = self.clock()
        return [(model, tokens) for model, (tokens, at) in prompts.items() if now - at < self.ttl]


def _remember(known: OrderedDict[str, _V], key: str, value: _V) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _CONVERSATIONS:
        known.popitem(last=False)

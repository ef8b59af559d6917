"""One attempt of LiteLLM to serve a request, and what tells it from the first of another request.

One request is one decision, however often LiteLLM retries or falls back: its first attempt leaves
a :class:`Note` in the request's metadata, and only an instance of that class counts there. What a
client sends is plain JSON and cannot be one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messplus.integrations.requirements import required

from .config import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from messplus._core import Decision
    from messplus.featurizers import Prompt
    from messplus.integrations.guard import Request

    Deployment = dict[str, Any]

KEY = "messplus"


class Note(str):
    """A decision's id that knows the decision: text to whoever writes metadata out.

    Attributes
    ----------
    decision
        The decision.
    trace
        LiteLLM's id of the request's trace: another one where a program shares one table of
        metadata between its requests.
    failed
        Models that failed to serve the request.
    """

    __slots__ = ("decision", "failed", "trace")

    decision: Decision
    trace: object
    failed: set[str]

    @classmethod
    def of(cls, decision: Decision, trace: object) -> Note:
        """Make the note of a decision."""
        note = cls(decision.id)
        note.decision, note.trace, note.failed = decision, trace, set()
        return note

    def __deepcopy__(self, _: object) -> Note:
        """The note itself: fallbacks copy metadata, and go on with the same decision."""
        return self


class Attempt:
    """What is to be routed now.

    Parameters
    ----------
    models
        The deployments that may serve, per model of the zoo; at least one.
    prompt
        Text or messages.
    kwargs
        The request as LiteLLM keeps it.

    Attributes
    ----------
    note
        What an earlier attempt at the request decided; None at the first.
    """

    def __init__(
        self, models: dict[str, list[Deployment]], prompt: Prompt, kwargs: dict[str, Any]
    ) -> None:
        self._models = models
        self._prompt = prompt
        self._requires = required(prompt, kwargs.get("tools") or kwargs.get("functions"))
        self._metadata = kwargs.setdefault(_name(kwargs), {})
        self._trace = kwargs.get("litellm_trace_id")
        self._session = _session(kwargs, self._metadata)
        note = self._metadata.get(KEY)
        mine = isinstance(note, Note) and note.trace == self._trace
        self.note: Note | None = note if mine else None
        if kwargs.get("stream") and "input" not in kwargs:
            # Without it providers tell no usage with a stream, and LiteLLM no cost.
            kwargs.setdefault("stream_options", {"include_usage": True})

    def request(self) -> Request:
        """Arguments for the router's choice."""
        return {
            "prompt": self._prompt,
            "allowed": list(self._models),
            "requires": self._requires,
            "session": self._session,
            "max_cost": self._metadata.get("max_cost"),
        }

    def decided(self, decision: Decision | None) -> None:
        """Remember the choice for later attempts, or that there is none."""
        self._metadata.pop(KEY, None)
        if decision is not None:
            self.note = self._metadata[KEY] = Note.of(decision, self._trace)

    def choices(self) -> Iterator[list[Deployment]]:
        """Deployments of the chosen model, then of the next best; those that failed come last."""
        if self.note is not None:
            failed = self.note.failed
            ranking = [name for name in self.note.decision.ranking if name in self._models]
            for name in sorted(ranking, key=failed.__contains__):
                yield self._models[name]


def _session(kwargs: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    """The conversation, apart for each key of the proxy: clients name their own."""
    session = kwargs.get("litellm_session_id") or metadata.get("session_id")
    return f"{metadata.get('user_api_key') or ''}:{session}" if session else None


def noted(kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """The metadata of a request that was routed here; None of others."""
    tables = (kwargs.get(name) for name in ("litellm_metadata", "metadata"))
    return next((t for t in tables if isinstance(t, dict) and isinstance(t.get(KEY), Note)), None)


def served(metadata: Mapping[str, Any] | None) -> str | None:
    """The model of the last attempt: LiteLLM writes down its deployment before each."""
    if metadata is None or "deployment" not in metadata:
        return None
    parameters = {"model": metadata["deployment"]}
    return name_of({"model_info": metadata.get("model_info"), "litellm_params": parameters})


def _name(kwargs: Mapping[str, Any]) -> str:
    """Where LiteLLM keeps what it knows: elsewhere where a client's own metadata is sent on."""
    return "litellm_metadata" if "litellm_metadata" in kwargs else "metadata"

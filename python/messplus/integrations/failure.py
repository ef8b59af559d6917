"""Why a call failed: for a reason of the provider's, or for one of the request's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["rate_limit", "timeout", "error", "context_window"]

_KINDS: dict[int, Kind] = {408: "timeout", 429: "rate_limit", 504: "timeout"}
# Refusals that another model, with another provider or key, may not share.
_OTHERS = frozenset({401, 403, 404, 409, 425})
# Without a status these are mistakes of a program, and not failures to connect.
_MISTAKES = (TypeError, ValueError, LookupError, AttributeError, RuntimeError)
_TOO_LONG = "context_length_exceeded"


class Failure(NamedTuple):
    """A failure that another model may not share, as :meth:`Router.failed` takes it.

    Attributes
    ----------
    kind
        Why.
    retry_after
        Seconds after which the provider wants to be asked again.
    """

    kind: Kind = "error"
    retry_after: float | None = None


def of_error(error: BaseException) -> Failure | None:
    """Read an error of a client; None where the request or the calling program is at fault.

    Errors in the form of OpenAI's SDK have a ``status_code``, perhaps a ``code`` and a
    ``response`` with headers; those without a status are failures to connect and time-outs.
    """
    status = getattr(error, "status_code", None)
    if getattr(error, "code", None) == _TOO_LONG or "ContextWindow" in type(error).__name__:
        return Failure("context_window")
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None)
        return of_status(status, headers if isinstance(headers, Mapping) else {})
    if not isinstance(error, Exception) or isinstance(error, _MISTAKES):
        return None
    timeout = isinstance(error, TimeoutError) or "Timeout" in type(error).__name__
    return Failure("timeout" if timeout else "error")


def of_status(status: int, headers: Mapping[str, str]) -> Failure | None:
    """Read an HTTP status and its headers; None where the request is at fault."""
    if status < 500 and status not in _OTHERS and status not in _KINDS:
        return None
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:  # not there, or a date
        return Failure(_KINDS.get(status, "error"))
    return Failure(_KINDS.get(status, "error"), max(0.0, seconds))

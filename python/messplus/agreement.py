"""What is agreed with users and with whoever pays: service levels and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

# Plain dict, so that declaring the classes does not import pydantic.
STRICT: Any = {"extra": "forbid", "strict": True, "allow_inf_nan": False}


@dataclass(frozen=True)
class SLA:
    """The service level agreed on.

    Parameters
    ----------
    target
        Long-run satisfaction rate of rated requests, alpha, in ``(0, 1]``.
    source
        The source of ratings it speaks of (``feedback(source=...)``), 1 to 64 bytes; by default
        the first there is. What other sources say is evidence for the predictions only.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    target: float
    source: str | None = None


@dataclass(frozen=True)
class Limit:
    """A bound on the long-run mean of a resource per call, over all service levels.

    Parameters
    ----------
    resource
        ``cost``, in the unit of the zoo, or ``latency``, in seconds; both as feedback reports them.
    mean
        The bound, in ``[1e-18, 1e18]``.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    resource: Literal["cost", "latency"]
    mean: float

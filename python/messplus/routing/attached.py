"""What belongs to the process a router runs in, and not to its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from pathlib import Path

    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.logs.jsonl import JsonlLog
    from messplus.shadow import Shadow


class Attached(TypedDict, total=False):
    """Given anew wherever a router is made or found; see :class:`messplus.Router` for each.

    Attributes
    ----------
    featurizer
        Turns prompts into features.
    log
        Where decisions and outcomes are written down.
    shadow
        The model that serves whatever the router would choose.
    """

    featurizer: AnyFeaturizer
    log: str | Path | JsonlLog | None
    shadow: str | Shadow | None

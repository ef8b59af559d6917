"""A log of decisions and outcomes for later analysis: JSON lines, never a prompt."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

from messplus._logger import logger
from messplus._text import strict_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from messplus._core import Decision

    Vector = npt.NDArray[np.float32]

    Ratings = bool | float | Mapping[str, bool | float] | None
    Costs = float | Mapping[str, float] | None


class JsonlLog:
    """Appends one line of JSON per decision, outcome and failed call to a file.

    Each line goes out in one write, so that threads, and processes with the same path, do not mix
    theirs. A file that is moved away or deleted is opened again under its name: rotate it with
    whatever rotates your logs. On Windows, where open files cannot be moved, rotate it between
    processes. Nothing here fails a request: what cannot be written is counted in
    ``report().state_errors["log"]``, and the first time in a row is logged.

    Parameters
    ----------
    path
        The file; made, for its owner only, at the first line.
    features
        Whether decisions are written down with the features they were made on, from which
        ``messplus evaluate`` can tell what other policies would have brought. They say something
        of the prompts: not everything, but more than nothing.

    Attributes
    ----------
    errors
        Lines that could not be written.

    Notes
    -----
    ``event`` is ``decision``, ``outcome`` or ``failure``, ``id`` joins them, ``time`` is in seconds
    since 1970. Prompts and tags are left out, and features unless they are asked for. Numbers that
    are not finite are ``null``.
    """

    def __init__(self, path: str | Path, *, features: bool = False) -> None:
        self.path = Path(path)
        self.features = features
        self.errors = 0
        self._failing = False
        # Imported at use: most routers have no log, and logging's handlers bring sockets along.
        from ._lines import LineFile

        self._file = LineFile(self.path)

    def decided(
        self, decision: Decision, sla: str | None = None, features: Vector | None = None
    ) -> None:
        """Write down a decision.

        Parameters
        ----------
        decision
            The decision.
        sla
            Name of its service level; may be left out where there is one.
        features
            What it was made on; written down where this log has ``features``.
        """
        more: dict[str, object] = {} if sla is None else {"sla": sla}
        if self.features and features is not None:
            # Seven digits tell float32 numbers apart.
            more["features"] = [float(f"{value:.7g}") for value in features.tolist()]
        self._write(
            "decision",
            decision.id,
            step=decision.step,
            model=decision.model,
            reason=decision.reason,
            shadow_choice=decision.shadow_choice,
            propensity=decision.propensity,
            audit=decision.audit,
            also_query=decision.also_query,
            ranking=decision.ranking,
            p_satisfied=decision.p_satisfied,
            expected_cost=decision.expected_cost,
            score=decision.score,
            **more,
        )

    def observed(
        self,
        decision: Decision | str,
        satisfied: Ratings,
        cost: Costs,
        latency: Costs,
        source: str | None = None,
    ) -> None:
        """Write down feedback that the router took in, as it was given.

        Parameters
        ----------
        decision
            The decision or its id.
        satisfied, cost, latency
            As given to :meth:`Router.feedback`.
        source
            Who rates, where that was said.
        """
        parts = {"satisfied": satisfied, "cost": cost, "latency": latency, "source": source}
        given = {name: part for name, part in parts.items() if part is not None}
        self._write("outcome", decision if isinstance(decision, str) else decision.id, **given)

    def failed(self, decision: Decision | str, model: str, kind: str) -> None:
        """Write down a call that failed.

        Parameters
        ----------
        decision
            The decision or its id.
        model
            The model that did not answer.
        kind
            Why.
        """
        self._write(
            "failure",
            decision if isinstance(decision, str) else decision.id,
            model=model,
            kind=kind,
        )

    def _write(self, event: str, decision: str, **fields: object) -> None:
        now = time.time()
        record = {"time": round(now, 3), "event": event, "id": decision, **fields}
        try:
            line = strict_json(record, default=_plain, separators=(",", ":"))
        except (TypeError, ValueError) as problem:
            error: BaseException | None = problem
        else:
            error = self._file.append(line)
        if error is not None:
            self.errors += 1
            if not self._failing:
                logger.error("%s: a line could not be written: %s", self.path, error)
        self._failing = error is not None


def _plain(value: Mapping[str, object] | SupportsFloat) -> object:
    """Mappings and numbers of other packages, as the router accepts them."""
    return dict(value) if isinstance(value, Mapping) else float(value)

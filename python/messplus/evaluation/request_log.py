"""A log of requests with one answer each, read and checked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import InputError
from messplus.logs import logged_data

from . import columns as checked
from .router_log import AUDIT, is_router_log, read_router_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.logs.logged_data import Columns, LoggedData

    from .heads import Array

_NEEDED = ("model", "satisfied", "cost")


@dataclass(frozen=True)
class RequestLog:
    """n requests, each answered by one of M models.

    Attributes
    ----------
    name
        The file, for messages.
    models
        M names.
    features
        What is seen of the requests, ``float32 [n, k]``.
    model
        The model that served, ``[n]``.
    satisfied
        Trusted ratings in ``[0, 1]``, NaN where there is none, ``[n]``.
    cost
        Costs ``>= 0``, NaN where unknown, ``[n]``.
    propensity
        Probability with which the model was to serve, in ``(0, 1]``, ``[n]``; None where the log
        does not tell, or tells of no randomisation.
    sessions
        Index of the conversation of each request, ``[n]``, or None.
    sources
        Mean and number of ratings by who gave them; trusted or not.
    trusted
        The sources that are trusted.
    """

    name: str
    models: tuple[str, ...]
    features: npt.NDArray[np.float32]
    model: npt.NDArray[np.intp]
    satisfied: Array
    cost: Array
    propensity: Array | None
    sessions: npt.NDArray[np.intp] | None
    sources: Mapping[str, tuple[float, int]]
    trusted: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.model)

    @property
    def rated(self) -> npt.NDArray[np.bool_]:
        """Rows with a trusted rating, ``[n]``."""
        return np.asarray(~np.isnan(self.satisfied))


def read_log(
    data: LoggedData,
    *,
    models: Sequence[str] | None = None,
    trust: Sequence[str] | None = None,
    featurizer: AnyFeaturizer = None,
) -> RequestLog:
    """Read and check a log.

    Parameters
    ----------
    data
        A ``.parquet``, ``.csv`` or ``.jsonl`` file; columns by name; records; or the folder of a
        router, or its log. See ``docs/evaluation.md`` for the columns.
    models
        The zoo; the models of the log by default.
    trust
        Sources whose ratings count; those of audits where there are some, else all.
    featurizer
        Turns prompts into features; the embedded table by default.

    Raises
    ------
    InputError
        If a column is missing or a value breaks its rule, or the log cannot tell anything: it is
        empty, names one model only, or has no trusted rating. The message names file, row, rule and
        value.
    OSError
        If the file cannot be read.
    """
    name = str(data) if isinstance(data, (str, os.PathLike)) else "log"
    try:
        columns = read_router_log(Path(name)) if is_router_log(data) else logged_data.read(data)
        return _checked(name, columns, models, trust, featurizer)
    except InputError as error:
        message = str(error)
        whole = message if message.startswith(name) else f"{name}: {message}"
        raise type(error)(whole) from error


def _checked(
    name: str,
    columns: Columns,
    models: Sequence[str] | None,
    trust: Sequence[str] | None,
    featurizer: AnyFeaturizer,
) -> RequestLog:
    for column in _NEEDED:
        if column not in columns:
            named = ", ".join(map(repr, columns))
            raise InputError(f"must have a column {column!r}, got {named}")
    if not len(columns["model"]):
        raise InputError("must have at least one row, got none")
    zoo = checked.zoo(columns, models)
    model = logged_data.models(columns, zoo).astype(np.intp)
    served = np.bincount(model, minlength=len(zoo))
    if np.count_nonzero(served) < 2:
        rule = "must have answers of two models or more: of one alone nothing can be compared"
        raise InputError(f"{rule}, got {zoo[int(served.argmax())]!r} in all {len(model)} rows")
    checked.distinct(columns, "id")
    checked.in_order(columns, "time")
    checked.numbers_within(columns, "latency", 0.0, np.inf)
    satisfied = checked.numbers_within(columns, "satisfied", 0.0, 1.0)
    sources, trusted = _sources(columns, satisfied, trust)
    counts = np.ones(len(model), np.bool_)
    if "source" in columns:
        counts = np.array([source in trusted for source in columns["source"]])
    satisfied = np.where(counts, satisfied, np.nan)
    if np.isnan(satisfied).all():
        raise InputError(f"must have ratings of {', '.join(trusted) or 'anyone'}, got none")
    cost = checked.numbers_within(columns, "cost", 0.0, np.inf)
    if np.isnan(cost).all():
        raise InputError("must have a cost in some row, got none")
    return RequestLog(
        name=name,
        models=zoo,
        features=checked.features(columns, featurizer),
        model=model,
        satisfied=satisfied,
        cost=cost,
        propensity=checked.propensities(columns),
        sessions=checked.sessions(columns),
        sources=sources,
        trusted=trusted,
    )


def _sources(
    columns: Columns, satisfied: Array, trust: Sequence[str] | None
) -> tuple[dict[str, tuple[float, int]], tuple[str, ...]]:
    if "source" not in columns:
        if trust is not None:
            raise InputError(f"trust: needs a column 'source', got none for {list(trust)}")
        return {}, ()
    named = np.array(["" if source is None else str(source) for source in columns["source"]])
    rated = ~np.isnan(satisfied)
    found = {}
    for source in dict.fromkeys(named[rated].tolist()):
        ratings = satisfied[rated & (named == source)]
        found[source] = float(ratings.mean()), len(ratings)
    for source in trust or ():
        if source not in found:
            raise InputError(f"trust: must be one of {list(found)}, got {source!r}")
    if trust is None:
        trust = [AUDIT] if AUDIT in found else list(found)
    return found, tuple(trust)

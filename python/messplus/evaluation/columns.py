"""Columns of a log, each checked by its rule."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import InputError
from messplus.featurizers.requests import RequestFeatures
from messplus.logs import logged_data, logged_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.logs.logged_data import Columns

    from .heads import Array

_TAG_FEATURES = 16


def zoo(columns: Columns, models: Sequence[str] | None) -> tuple[str, ...]:
    """Return the models given, or those of the log in the order of their names."""
    if models is None:
        for row, name in enumerate(columns["model"], start=1):
            if not isinstance(name, str) or not name:
                raise InputError(f"row {row}: model: must be a name, got {name!r}")
        return tuple(sorted(set(columns["model"])))
    if len(models) < 2 or len(set(models)) < len(models):
        raise InputError(f"models: must be two distinct names or more, got {list(models)}")
    return tuple(models)


def numbers_within(columns: Columns, name: str, low: float, high: float) -> Array:
    """Return a column of finite numbers in ``[low, high]``, NaN where missing, ``[n]``."""
    values = logged_data.numbers(columns, name)
    # Comparisons with NaN are false: a missing value passes.
    for row in np.flatnonzero((values < low) | (values > high) | np.isinf(values)).tolist():
        rule = f"must be in [{low:g}, {high:g}]" if np.isfinite(high) else f"must be >= {low:g}"
        raise InputError(f"row {row + 1}: {name}: {rule} or missing, got {values[row]:g}")
    return values


def propensities(columns: Columns) -> Array | None:
    """Return the propensities of a log that has them, ``[n]``.

    They are of no use where all are one: a log without randomisation. What its requests tell of
    other models then rests on the models that similar requests went to.
    """
    if "propensity" not in columns:
        return None
    values = logged_data.numbers(columns, "propensity")
    missing = np.isnan(values)
    if missing.all():
        return None
    # Written so that NaN is refused.
    for row in np.flatnonzero(~((values > 0.0) & (values <= 1.0))).tolist():
        found = "none" if missing[row] else f"{values[row]:g}"
        rule = "must be in (0, 1], in every row or in none"
        raise InputError(f"row {row + 1}: propensity: {rule}, got {found}")
    return None if (values == 1.0).all() else values


def distinct(columns: Columns, name: str) -> None:
    """Refuse a value that occurs twice."""
    first: dict[object, int] = {}
    for row, value in enumerate(columns.get(name, ()), start=1):
        if value is not None and first.setdefault(value, row) != row:
            rule = f"must be distinct, and row {first[value]} has it as well"
            raise InputError(f"row {row}: {name}: {rule}, got {value!r:.60}")


def in_order(columns: Columns, name: str) -> None:
    """Refuse a time before that of an earlier row."""
    latest: float | None = None
    for row, value in enumerate(columns.get(name, ()), start=1):
        if value is None or value == "":
            continue
        time = _seconds(row, name, value)
        if latest is not None and time < latest:
            rule = "must not be before that of an earlier row: sort the log"
            raise InputError(f"row {row}: {name}: {rule}, got {value!s:.60}")
        latest = time


def _seconds(row: int, name: str, value: object) -> float:
    try:
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return datetime.fromisoformat(value).timestamp()
        return float(value)  # type: ignore[arg-type]  # a TypeError is the answer for other types
    except (TypeError, ValueError, OverflowError):
        rule = "must be seconds or an ISO 8601 time"
        raise InputError(f"row {row}: {name}: {rule}, got {value!r:.60}") from None


def sessions(columns: Columns) -> npt.NDArray[np.intp] | None:
    """Return the index of the session of each row, ``[n]``; a row without one is its own."""
    if "session" not in columns:
        return None
    index: dict[object, int] = {}
    keys = [
        ("row", row) if key is None or key == "" else ("session", str(key))
        for row, key in enumerate(columns["session"])
    ]
    found = np.array([index.setdefault(key, len(index)) for key in keys], np.intp)
    return None if len(index) == len(found) else found


def features(columns: Columns, featurizer: AnyFeaturizer) -> npt.NDArray[np.float32]:
    """Return what is seen of the requests: features of their prompts and tags, or ready ones."""
    has_prompts = any(prompt is not None for prompt in columns.get("prompt", ()))
    if not has_prompts and any(ready is not None for ready in columns.get("features", ())):
        return _ready(columns["features"])
    if not has_prompts:
        named = ", ".join(map(repr, columns))
        raise InputError(f"must have a column 'prompt' or 'features', got {named}")
    for row, prompt in enumerate(columns["prompt"], start=1):
        if prompt is None:
            raise InputError(f"row {row}: prompt: must be text or messages, got none")
    tagged = any(columns.get("tags", ()))
    seen = RequestFeatures(featurizer, _TAG_FEATURES if tagged else 0)
    tokens = np.zeros(len(columns["model"]), np.uint32)
    return logged_features.featurize(columns, seen, tokens, None, lambda: True)[1]


def _ready(vectors: Sequence[object]) -> npt.NDArray[np.float32]:
    width = None
    rows = []
    for row, vector in enumerate(vectors, start=1):
        try:
            found = np.asarray(vector, np.float32)
        except (TypeError, ValueError):
            found = np.empty(0, np.float32)
        if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
            rule = "must be a list of finite numbers"
            raise InputError(f"row {row}: features: {rule}, got {vector!r:.60}")
        width = len(found) if width is None else width
        if len(found) != width:
            raise InputError(f"row {row}: features: must be {width} numbers, got {len(found)}")
        rows.append(found)
    return np.stack(rows)

"""Logged data: requests that were routed elsewhere, as columns to learn from."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from messplus.exceptions import FeaturizerError, InputError, MessPlusError
from messplus.featurizers.chat import estimate_tokens

from .formats import number, read_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Columns = dict[str, Sequence[Any]]

#: One row per answer: a ``.parquet``, ``.csv`` or ``.jsonl`` file, columns by name (a mapping, a
#: data frame, a pyarrow table), or a list of records. Columns: ``model``; ``satisfied`` (bool or in
#: ``[0, 1]``), ``cost``, ``latency``, at least one of them; ``prompt`` (text or messages) or
#: ``features``; ``tags``; ``input_tokens``. Values may be missing (None, NaN). Other columns are
#: left alone.
LoggedData: TypeAlias = "str | Path | Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]"

OUTCOMES = ("satisfied", "cost", "latency")
_LISTED = " or ".join(map(repr, OUTCOMES))
_MAX_TOKENS = 2**32 - 1


def read(data: LoggedData) -> Columns:
    """Read logged data into columns of equal length.

    Parameters
    ----------
    data
        See :meth:`Router.warm_start`.

    Raises
    ------
    InputError
        If it is none of these, or lacks a column.
    OSError
        If it is a file that cannot be read.
    MissingDependencyError
        If it is a Parquet file and pyarrow is not installed.
    """
    columns = _columns(data)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise InputError(f"data: columns must be of one length, got {sorted(lengths)}")
    named = ", ".join(map(repr, columns)) or "none"
    if "model" not in columns:
        raise InputError(f"data: must have a column 'model', got {named}")
    if not any(name in columns for name in OUTCOMES):
        raise InputError(f"data: must have a column {_LISTED}, got {named}")
    return columns


def _columns(data: Any) -> Columns:  # noqa: ANN401
    if isinstance(data, (str, os.PathLike)):
        return read_columns(Path(data))
    if hasattr(data, "to_pydict"):  # a table of pyarrow
        return dict(data.to_pydict())
    if hasattr(data, "keys"):  # a mapping, or a data frame
        return {str(name): list(data[name]) for name in data.keys()}  # noqa: SIM118
    if isinstance(data, Sequence) and all(isinstance(record, Mapping) for record in data):
        names = dict.fromkeys(name for record in data for name in record)
        return {str(name): [record.get(name) for record in data] for name in names}
    raise InputError(f"data: must be a file, columns or records, got {type(data).__name__}")


def models(columns: Columns, names: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Return the index of the model of each row, ``[n]``.

    Raises
    ------
    InputError
        If a row names none of the zoo; the message names the row.
    """
    index = {name: model for model, name in enumerate(names)}
    found = np.empty(len(columns["model"]), np.uint32)
    for row, name in enumerate(columns["model"]):
        if not isinstance(name, str) or name not in index:
            raise InputError(f"row {row + 1}: model: must be one of {list(names)}, got {name!r}")
        found[row] = index[name]
    return found


def numbers(columns: Columns, name: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers, ``[n]``, NaN where there is none.

    Raises
    ------
    InputError
        If a value is no number; the message names the row.
    """
    values = columns.get(name)
    found = np.full(len(columns["model"]), np.nan)
    for row, value in enumerate(values or ()):
        try:
            found[row] = number(value)
        except (TypeError, ValueError, OverflowError):
            rule = "must be a number or missing"
            raise InputError(f"row {row + 1}: {name}: {rule}, got {value!r:.60}") from None
    return found


def tokens(columns: Columns) -> npt.NDArray[np.uint32]:
    """Return the tokens of the prompts, ``[n]``: as logged, or estimated, or zero where unknown.

    Raises
    ------
    InputError
        If a value is no integer in ``[1, 2**32 - 1]``; the message names the row.
    """
    prompts: Sequence[Any] = columns.get("prompt", [None] * len(columns["model"]))
    found = np.zeros(len(prompts), np.uint32)
    for row, (prompt, logged) in enumerate(
        zip(prompts, numbers(columns, "input_tokens").tolist(), strict=True)
    ):
        if math.isnan(logged):
            with at_row(row):
                found[row] = 0 if prompt is None else estimate_tokens(prompt)
        elif logged.is_integer() and 1 <= logged <= _MAX_TOKENS:
            found[row] = int(logged)
        else:
            rule = f"must be an integer in [1, {_MAX_TOKENS}]"
            raise InputError(f"row {row + 1}: input_tokens: {rule}, got {logged:g}")
    return found


@contextmanager
def at_row(row: int) -> Iterator[None]:
    """Let errors within name the row, counted from 1; those of featurizers are no row's fault."""
    try:
        yield
    except FeaturizerError:
        raise
    except MessPlusError as error:
        raise type(error)(f"row {row + 1}: {error}") from None

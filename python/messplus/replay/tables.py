"""Outcome tables: what every model would have scored and cost on every request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from messplus.exceptions import InputError
from messplus.logs.formats import number, read_columns

_SCORE = "score:"
_INSTEAD = "; for logs of one answer per request there is 'messplus evaluate'"


@dataclass(frozen=True)
class Table:
    """Outcomes of M models on n requests.

    Attributes
    ----------
    path
        The file it was read from.
    prompts
        n texts.
    sources
        n names of where the requests come from, or ``None`` where the file has no such column.
    models
        M names, in the order of the file or of the selection.
    scores
        Satisfaction, ``float64 [n, M]`` in [0, 1]; NaN where a model cannot be used.
    costs
        Cost of one request in the unit of the file, ``float64 [n, M]``, >= 0; NaN where the score
        is.
    cost
        Prefix of the cost columns.
    dropped
        Rows of the file left out because no model has a score there.
    """

    path: Path
    prompts: Sequence[str]
    sources: Sequence[str] | None
    models: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    costs: npt.NDArray[np.float64]
    cost: str
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def mean_score(self) -> npt.NDArray[np.float64]:
        """Mean score of each model over the rows where it has one, ``[M]``."""
        return _column_means(self.scores)

    @property
    def mean_cost(self) -> npt.NDArray[np.float64]:
        """Mean cost of each model over the rows where it can be used, ``[M]``."""
        return _column_means(self.costs)

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Rows where every model has a score, ``[n]``."""
        return np.asarray(~np.isnan(self.scores).any(axis=1))


def load_table(
    path: str | Path,
    *,
    cost: str = "cost",
    models: Sequence[str] | None = None,
    source: str | None = None,
) -> Table:
    """Read a ``.parquet``, ``.csv`` or ``.jsonl`` file of outcomes.

    Parameters
    ----------
    path
        File with columns ``prompt``, optionally ``source``, and for each model ``score:<model>`` in
        [0, 1] and ``<cost>:<model>`` >= 0. A missing or NaN score means that the model cannot be
        used for that row.
    cost
        Prefix of the cost columns, such as ``cost`` or ``energy_j``.
    models
        Models to keep, in this order; all of the file by default.
    source
        Keep the rows of this source alone; all by default.

    Returns
    -------
    Table
        The outcomes.

    Raises
    ------
    InputError
        If the file is malformed; the message names file, column and row.
    OSError
        If the file cannot be read.
    MissingDependencyError
        If the file is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    columns = read_columns(path)
    if "prompt" not in columns:
        raise InputError(f"{path}: must have a column 'prompt', got {_listed(columns)}")
    found = [name.removeprefix(_SCORE) for name in columns if name.startswith(_SCORE)]
    if not found:
        hint = _INSTEAD if "model" in columns else ""
        rule = f"must have a column '{_SCORE}<model>'"
        raise InputError(f"{path}: {rule}, got {_listed(columns)}{hint}")
    chosen = tuple(found if models is None else models)
    if not chosen or len(set(chosen)) < len(chosen):
        raise InputError(f"models: must be distinct names, got {', '.join(chosen) or 'none'}")
    for model in chosen:
        if model not in found:
            raise InputError(f"{path}: models must be among {_listed(found)}, got {model!r}")
        if f"{cost}:{model}" not in columns:
            raise InputError(f"{path}: must have a column '{cost}:{model}', got {_listed(columns)}")
    prompts = _texts(path, columns, "prompt")
    if not prompts:
        raise InputError(f"{path}: must have at least one row, got none")
    sources = _texts(path, columns, "source") if "source" in columns else None
    scores = np.column_stack([_scores(path, columns, _SCORE + model) for model in chosen])
    costs = np.column_stack(
        [
            _costs(path, columns, f"{cost}:{model}", ~np.isnan(scores[:, m]))
            for m, model in enumerate(chosen)
        ]
    )
    scored = ~np.isnan(scores).all(axis=1)
    asked = np.ones_like(scored)
    if source is not None:
        if source not in (sources or ()):
            raise InputError(
                f"source: must be one of {_listed(sorted(set(sources or ())))}, got {source!r}"
            )
        asked = np.array([name == source for name in sources or ()])
    kept = np.flatnonzero(scored & asked)
    if not len(kept):
        raise InputError(f"{path}: must score one of {_listed(chosen)} in some row, got none")
    if len(chosen) > 1 and (~np.isnan(scores[kept])).sum(axis=1).max() < 2:
        rule = "must score two models in some row, or there is nothing to choose from"
        raise InputError(f"{path}: {rule}, got one per row{_INSTEAD}")
    return Table(
        path=path,
        prompts=[prompts[row] for row in kept],
        sources=None if sources is None else [sources[row] for row in kept],
        models=chosen,
        scores=np.ascontiguousarray(scores[kept]),
        costs=np.ascontiguousarray(costs[kept]),
        cost=cost,
        dropped=int((asked & ~scored).sum()),
    )


def _texts(path: Path, columns: dict[str, Sequence[Any]], name: str) -> list[str]:
    for row, value in enumerate(columns[name], start=1):
        if not isinstance(value, str):
            raise _bad(path, name, row, "must be text", value)
    return list(columns[name])


def _scores(path: Path, columns: dict[str, Sequence[Any]], name: str) -> npt.NDArray[np.float64]:
    values = _numbers(path, columns, name)
    # Comparisons with NaN are false: a missing score passes.
    for row in np.flatnonzero((values < 0) | (values > 1)).tolist():
        raise _bad(path, name, row + 1, "must be in [0, 1] or missing", values[row])
    return values


def _costs(
    path: Path, columns: dict[str, Sequence[Any]], name: str, used: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    values = _numbers(path, columns, name)
    for row in np.flatnonzero(used & ~(np.isfinite(values) & (values >= 0))).tolist():
        rule = "must be finite and >= 0 where the model has a score"
        raise _bad(path, name, row + 1, rule, values[row])
    return np.where(used, values, np.nan)


def _numbers(path: Path, columns: dict[str, Sequence[Any]], name: str) -> npt.NDArray[np.float64]:
    values = columns[name]
    numbers = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            numbers[row] = number(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise _bad(path, name, row + 1, "must be a number or missing", value) from error
    return numbers


def _column_means(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known = ~np.isnan(values)
    # A model without a single score has no mean, and no warning is due for it.
    counts = known.sum(axis=0)
    means = np.full(values.shape[1], np.nan)
    np.divide(np.where(known, values, 0.0).sum(axis=0), counts, out=means, where=counts > 0)
    return means


def _bad(path: Path, column: str, row: int, rule: str, value: object) -> InputError:
    shown = repr(value) if isinstance(value, str) else str(value)
    return InputError(f"{path}: column {column!r}, row {row}: {rule}, got {shown:.60}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"

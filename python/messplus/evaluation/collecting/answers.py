"""Answers collected so far: a file of JSON lines to go on from, and the table they make."""

from __future__ import annotations

import csv
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from messplus._optional import require
from messplus.exceptions import InputError
from messplus.featurizers.chat import prompt_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from messplus.featurizers import Prompt

_FIELDS = ("prompt", "model", "satisfied", "cost", "spent", "latency")


class Outcome(NamedTuple):
    """What one model brought on one prompt."""

    satisfied: float
    cost: float


def name_of(prompt: Prompt) -> str:
    """Name a prompt by its text, whatever its place in a log."""
    text = prompt if isinstance(prompt, str) else json.dumps(list(prompt), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Answers:
    """A file that every answer is appended to before the next is asked for.

    Parameters
    ----------
    path
        The file; made at the first answer.

    Attributes
    ----------
    known
        Outcomes by name of the prompt and model.
    spent
        What asking and judging has cost so far.
    judging
        The most that judging one answer has cost.

    Raises
    ------
    InputError
        If a line is no answer, unless it is the last one, cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[tuple[str, str], Outcome] = {}
        self.spent = self.judging = 0.0
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        for number, line in enumerate(lines, start=1):
            if line.strip():
                self._take(line, number, last=number == len(lines))

    def _take(self, line: bytes, number: int, *, last: bool) -> None:
        try:
            found = json.loads(line)
            values = [found[field] for field in _FIELDS]
        except (ValueError, KeyError, TypeError):
            if last:  # A process that was killed: asked for again.
                with self.path.open("r+b") as file:
                    file.truncate(self.path.stat().st_size - len(line))
                return
            rule = "must be an answer as it was collected"
            raise InputError(f"{self.path}: line {number}: {rule}, got {line[:60]!r}") from None
        if values[2] is not None:
            self.known[values[0], values[1]] = Outcome(float(values[2]), float(values[3]))
        self._count(float(values[3]), float(values[4]))

    def add(self, prompt: str, model: str, outcome: Outcome, spent: float, latency: float) -> None:
        """Append one answer; ``spent`` includes what judging it cost."""
        self._append(prompt, model, outcome.satisfied, outcome.cost, spent, latency)
        self.known[prompt, model] = outcome

    def add_unrated(self, prompt: str, model: str, cost: float) -> None:
        """Append what an answer cost that could not be rated: it is paid for all the same."""
        self._append(prompt, model, None, cost, cost, 0.0)

    def _append(
        self,
        prompt: str,
        model: str,
        satisfied: float | None,
        cost: float,
        spent: float,
        latency: float,
    ) -> None:
        values = (prompt, model, satisfied, cost, spent, round(latency, 4))
        line = json.dumps(dict(zip(_FIELDS, values, strict=True)))
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._count(cost, spent)

    def _count(self, cost: float, spent: float) -> None:
        self.spent += spent
        self.judging = max(self.judging, spent - cost)


def write_table(
    path: Path,
    prompts: Sequence[Prompt],
    models: Sequence[str],
    known: Mapping[tuple[str, str], Outcome],
) -> int:
    """Write the table that ``messplus replay`` reads, of prompts with two outcomes or more.

    Returns
    -------
    int
        Rows of the table.

    Raises
    ------
    InputError
        If the suffix is not ``.parquet``, ``.csv`` or ``.jsonl``.
    """
    rows = []
    for prompt in prompts:
        name = name_of(prompt)
        row: dict[str, Any] = {"prompt": prompt_text(prompt)}
        for model in models:
            outcome = known.get((name, model))
            row[f"score:{model}"] = None if outcome is None else outcome.satisfied
            row[f"cost:{model}"] = None if outcome is None else outcome.cost
        if sum((name, model) in known for model in models) > 1:
            rows.append(row)
    _write(path, rows)
    return len(rows)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    match path.suffix.lower():
        case ".jsonl":
            lines = (json.dumps(row) + "\n" for row in rows)
            path.write_text("".join(lines), encoding="utf-8")
        case ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]) if rows else ["prompt"])
                writer.writeheader()
                writer.writerows(rows)
        case ".parquet":
            arrow, parquet = require("pyarrow", "tables"), require("pyarrow.parquet", "tables")
            parquet.write_table(arrow.Table.from_pylist(rows), path)
        case suffix:
            raise InputError(f"out: must end in .parquet, .csv or .jsonl, got {suffix!r}")

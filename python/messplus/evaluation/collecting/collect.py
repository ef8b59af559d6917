"""Ask models that did not answer, within a budget, and make a table of what they say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from messplus._progress import Progress
from messplus.exceptions import ConfigError, InputError
from messplus.logs import logged_data

from .answers import Answers, Outcome, name_of, write_table
from .asking import AskingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from messplus.featurizers import Prompt
    from messplus.logs.logged_data import Columns, LoggedData

    from .asking import Asker
    from .rating import Judge

# A judge or provider that is down will not get better by being asked on.
_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class Collected:
    """What was collected, this time and before.

    Attributes
    ----------
    answers
        Answers there are now, of the sample.
    asked
        Those of them that were asked for this time.
    missing
        Answers of the sample that are not there: the budget was used up, or calls failed.
    failed
        Calls that failed this time.
    spent
        What asking and judging has cost, this time and before.
    rows
        Rows of the table that was written.
    stopped
        Why it ended before everything was asked; None where it did not.
    """

    answers: int
    asked: int
    missing: int
    failed: int
    spent: float
    rows: int
    stopped: str | None


def collect(
    log: LoggedData,
    *,
    models: Sequence[str],
    sample: int,
    budget: float,
    asker: Asker,
    judge: Judge,
    out: str | Path,
    seed: int = 0,
) -> Collected:
    """Ask models for what they did not answer on a drawn sample of the prompts of a log.

    Parameters
    ----------
    log
        One row per answer with ``prompt`` and ``model``; ``satisfied`` and ``cost`` where they are
        known. What the log has is not asked for again.
    models
        Models to have answers of.
    sample
        Prompts to draw, without replacement, at least 1.
    budget
        Most that asking and judging may cost, this time and before together, ``> 0``. No call is
        made that could exceed it, as far as its cost is known beforehand; where it is not, the
        highest seen of the model counts.
    asker, judge
        Who asks, and who rates.
    out
        The table to write: ``.parquet``, ``.csv`` or ``.jsonl``. Beside it, ``OUT.answers.jsonl``
        has every answer's rating and cost, from which the next call goes on.
    seed
        Of the sample: the same seed and log give the same prompts.

    Returns
    -------
    Collected
        What there is.

    Raises
    ------
    InputError
        If the log, or the file of answers, breaks a rule.
    ConfigError
        If a number is out of range.
    OSError
        If a file cannot be written.
    """
    if sample < 1:
        raise ConfigError(f"sample: must be at least 1, got {sample}")
    if not budget > 0.0:
        raise ConfigError(f"budget: must be > 0, got {budget}")
    if not models or len(set(models)) < len(models):
        raise ConfigError(f"models: must be distinct names, got {', '.join(models) or 'none'}")
    out = Path(out)
    if out.suffix.lower() not in (".parquet", ".csv", ".jsonl"):
        raise InputError(f"out: must end in .parquet, .csv or .jsonl, got {out.suffix!r}")
    columns = logged_data.read(log)
    prompts = _prompts(columns)
    drawn = np.random.default_rng(seed).permutation(len(prompts))[:sample]
    chosen = [prompts[index] for index in np.sort(drawn)]
    answers = Answers(out.with_name(out.name + ".answers.jsonl"))
    logged = _logged(columns)
    collection = _Collection(answers, logged, asker, judge, budget)
    wanted = [(prompt, model) for prompt in chosen for model in models]
    with Progress(len(wanted), "collect") as progress:
        stopped = collection.run(wanted, progress)
    known = {**logged, **answers.known}
    zoo = [*models, *sorted({model for _, model in logged} - set(models))]
    there = sum((name_of(prompt), model) in known for prompt, model in wanted)
    return Collected(
        answers=there,
        asked=collection.asked,
        missing=len(wanted) - there,
        failed=collection.failed,
        spent=answers.spent,
        rows=write_table(out, chosen, zoo, known),
        stopped=stopped,
    )


class _Collection:
    """One call of :func:`collect` on its way."""

    def __init__(
        self,
        answers: Answers,
        logged: dict[tuple[str, str], Outcome],
        asker: Asker,
        judge: Judge,
        budget: float,
    ) -> None:
        self._answers = answers
        self._logged = logged
        self._asker = asker
        self._judge = judge
        self._budget = budget
        self.asked = self.failed = 0
        self._highest: dict[str, float] = {}
        for (_, model), outcome in (*logged.items(), *answers.known.items()):
            self._highest[model] = max(outcome.cost, self._highest.get(model, 0.0))

    def run(self, wanted: Sequence[tuple[Prompt, str]], progress: Progress) -> str | None:
        """Ask for what is not there; why it stopped before the end."""
        in_a_row, error = 0, ""
        for done, (prompt, model) in enumerate(wanted):
            name = name_of(prompt)
            if (name, model) in self._logged or (name, model) in self._answers.known:
                continue
            most = self._asker.most(model, prompt)
            most = self._highest.get(model, 0.0) if most is None else most
            most += self._answers.judging
            # A cost known only afterwards may use the budget up, but never begins beyond it.
            if self._answers.spent + most > self._budget or self._answers.spent >= self._budget:
                return f"the next call could exceed the budget of {self._budget:g}"
            try:
                self._ask(name, prompt, model)
                in_a_row = 0
            except AskingError as problem:
                self.failed, in_a_row, error = self.failed + 1, in_a_row + 1, str(problem)
            if in_a_row == _FAILURES_IN_A_ROW:
                return f"{in_a_row} calls failed in a row, the last: {error}"
            progress.update(done + 1, f"{model}, {self._answers.spent:.4g} spent")
        return f"{self.failed} calls failed, the last: {error}" if self.failed else None

    def _ask(self, name: str, prompt: Prompt, model: str) -> None:
        answer = self._asker.ask(model, prompt)
        try:
            satisfied, judging = self._judge.rate(model, prompt, answer)
        except AskingError:
            self._answers.add_unrated(name, model, answer.cost)
            raise
        self._answers.add(
            name, model, Outcome(satisfied, answer.cost), answer.cost + judging, answer.latency
        )
        self._highest[model] = max(answer.cost, self._highest.get(model, 0.0))
        self.asked += 1


def _prompts(columns: Columns) -> list[Prompt]:
    """Distinct prompts, in the order of the log."""
    if "prompt" not in columns:
        raise InputError(f"log: must have a column 'prompt', got {', '.join(columns)}")
    found: dict[str, Prompt] = {}
    for row, prompt in enumerate(columns["prompt"], start=1):
        if prompt is None:
            raise InputError(f"row {row}: prompt: must be text or messages, got none")
        found.setdefault(name_of(prompt), prompt)
    if not found:
        raise InputError("log: must have at least one row, got none")
    return list(found.values())


def _logged(columns: Columns) -> dict[tuple[str, str], Outcome]:
    """Outcomes that the log has whole."""
    return dict(_whole(columns))


def _whole(columns: Columns) -> Iterator[tuple[tuple[str, str], Outcome]]:
    satisfied = logged_data.numbers(columns, "satisfied").tolist()
    cost = logged_data.numbers(columns, "cost").tolist()
    rows = zip(columns["prompt"], columns["model"], satisfied, cost, strict=True)
    for prompt, model, rating, price in rows:
        if rating == rating and price == price:  # neither is NaN
            yield (name_of(prompt), str(model)), Outcome(rating, price)

"""Who rates: a judge's command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .asking import AskingError, run

if TYPE_CHECKING:
    from messplus.featurizers import Prompt

    from .asking import Answer


@dataclass(frozen=True)
class Judge:
    """Runs a command per answer: a JSON object on its input, the rating on its output.

    The object has ``prompt``, ``model`` and ``answer``. The output is a number in ``[0, 1]``, or a
    JSON object with ``satisfied`` and, where judging costs something, ``cost``.

    Attributes
    ----------
    command
        Program and arguments, as for a shell; none is used.
    timeout
        Seconds to wait.
    """

    command: str
    timeout: float = 120.0

    def rate(self, model: str, prompt: Prompt, answer: Answer) -> tuple[float, float]:
        """Rate one answer; the rating, and what it cost.

        Raises
        ------
        AskingError
            If the command fails, or writes something else.
        """
        question = prompt if isinstance(prompt, str) else list(prompt)
        asked = json.dumps({"prompt": question, "model": model, "answer": answer.text})
        output = run(self.command, asked, self.timeout, model)
        try:
            found = json.loads(output)
            if isinstance(found, dict):
                rating, cost = float(found["satisfied"]), float(found.get("cost", 0.0))
            else:
                rating, cost = float(found), 0.0
        except (ValueError, KeyError, TypeError):
            rule = "must write a number or an object with satisfied"
            raise AskingError(f"judge: {rule}, got {output!r:.60}") from None
        if not 0.0 <= rating <= 1.0 or not cost >= 0.0:
            rule = "must rate in [0, 1] at a cost >= 0"
            raise AskingError(f"judge: {rule}, got {rating} at {cost}")
        return rating, cost

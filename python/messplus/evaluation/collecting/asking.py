"""Who is asked: a command, or an OpenAI-compatible URL."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from messplus.exceptions import ConfigError, InputError
from messplus.featurizers.chat import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messplus.featurizers import Prompt
    from messplus.prices import TokenPrice


class AskingError(InputError):
    """A model did not answer, or an answer could not be rated."""


@dataclass(frozen=True)
class Answer:
    """What a model said.

    Attributes
    ----------
    text
        The answer.
    cost
        What it cost, ``>= 0``.
    latency
        Seconds it took.
    """

    text: str
    cost: float
    latency: float


class Asker(Protocol):
    """Asks models."""

    def ask(self, model: str, prompt: Prompt) -> Answer:
        """Ask one model; raises :class:`AskingError` where it does not answer."""

    def most(self, model: str, prompt: Prompt) -> float | None:
        """Say what an answer costs at most; None where that is not known beforehand."""


@dataclass(frozen=True)
class Command:
    """Runs a command per question: the prompt on its standard input, the answer on its output.

    ``{model}`` in the command, and ``MESSPLUS_MODEL`` in its environment, are the model's name. A
    chat is written as JSON. An output that is a JSON object has ``answer`` and ``cost``.

    Attributes
    ----------
    command
        Program and arguments, as for a shell; none is used.
    timeout
        Seconds to wait.
    """

    command: str
    timeout: float = 120.0

    def ask(self, model: str, prompt: Prompt) -> Answer:
        """Run the command."""
        start = time.monotonic()
        text = prompt if isinstance(prompt, str) else json.dumps(list(prompt))
        output = run(self.command, text, self.timeout, model)
        answer, cost = output, 0.0
        try:
            found = json.loads(output)
            if isinstance(found, dict):
                answer, cost = str(found["answer"]), float(found.get("cost", 0.0))
        except ValueError:
            pass  # Not JSON: the answer itself.
        except KeyError:
            raise AskingError(f"command: must write an answer, got {output!r:.60}") from None
        if not cost >= 0.0:
            raise AskingError(f"command: must write a cost >= 0, got {cost}")
        return Answer(answer, cost, time.monotonic() - start)

    def most(self, model: str, prompt: Prompt) -> float | None:
        """A command tells costs afterwards."""


@dataclass(frozen=True)
class Endpoint:
    """Asks an OpenAI-compatible API: ``URL/chat/completions``.

    Attributes
    ----------
    url
        Base URL, such as ``https://api.openai.com/v1``.
    prices
        Prices per token by model: of all models that are asked.
    key
        Name of the environment variable that holds the key; sent where it is set, never written.
    max_tokens
        Most tokens of an answer, which bound its cost.
    timeout
        Seconds to wait.
    """

    url: str
    prices: Mapping[str, TokenPrice]
    key: str = "OPENAI_API_KEY"
    max_tokens: int = 1024
    timeout: float = 120.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(f"url: must begin with http:// or https://, got {self.url!r}")

    def ask(self, model: str, prompt: Prompt) -> Answer:
        """Send one request."""
        chat = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        body = {"model": model, "messages": chat, "max_tokens": self.max_tokens}
        request = urllib.request.Request(  # noqa: S310  (checked when made)
            self.url.rstrip("/") + "/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **self._authorisation()},
        )
        start = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:  # noqa: S310
                found: Any = json.load(response)
            text = str(found["choices"][0]["message"]["content"] or "")
            usage = found["usage"]
            sent, got = usage["prompt_tokens"], usage["completion_tokens"]
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise AskingError(f"url: {model} must answer, got {error!s:.100}") from None
        return Answer(text, self.prices[model].cost(sent, got), time.monotonic() - start)

    def most(self, model: str, prompt: Prompt) -> float | None:
        """Twice the estimated tokens of the prompt, and the longest answer."""
        return self.prices[model].cost(2 * estimate_tokens(prompt), self.max_tokens)

    def _authorisation(self) -> dict[str, str]:
        key = os.environ.get(self.key)
        return {"Authorization": f"Bearer {key}"} if key else {}


def run(command: str, text: str, timeout: float, model: str) -> str:
    """Run a command without a shell and return what it wrote.

    Raises
    ------
    AskingError
        If it cannot be started, fails, or takes too long; the message has its last line.
    """
    arguments = [part.replace("{model}", model) for part in shlex.split(command)]
    if not arguments:
        raise ConfigError("command: must name a program, got none")
    try:
        done = subprocess.run(  # noqa: S603  (the user's own command)
            arguments,
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "MESSPLUS_MODEL": model},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AskingError(f"{arguments[0]}: must run, got {error!s:.100}") from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise AskingError(f"{arguments[0]}: must exit with 0, got {done.returncode}: {said:.100}")
    return done.stdout.strip()

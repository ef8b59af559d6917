"""The walk in ``docs/evaluation.md``, from a raw log to a routed service, with its figures."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from messplus.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def steps(text: str) -> Iterator[tuple[str, str]]:
    """What is to be run, in order: Python and commands; and what is said to come out."""
    walk = text[text.index("## A walk") : text.index("## The log")]
    for kind, body in re.findall(r"^```(py|console|text)\n(.*?)^```$", walk, re.M | re.S):
        if kind != "console":
            yield kind, body
            continue
        for part in re.split(r"^(?=\$ )", body, flags=re.M):
            if part:
                command, _, output = part.partition("\n")
                yield "command", command.removeprefix("$ messplus ")
                yield "text", output


def run(kind: str, body: str, namespace: dict[str, object]) -> str:
    """Run a step and return what it writes."""
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        if kind == "py":
            exec(compile(body, PAGE.name, "exec"), namespace)
        else:
            # The interpreter of the tests, whatever else is called python here.
            words = [re.sub(r"^python ", f"{sys.executable} ", word) for word in shlex.split(body)]
            assert main(words) == 0
    return written.getvalue()


def same(expected: str, found: str) -> None:
    """Words are as they are; figures may differ by what another machine's rounding does."""
    if "...\n" in expected:  # lines left out
        lines = expected.replace("...\n", "").splitlines()
        kept = [line for line in found.splitlines() if words(line) in map(words, lines)]
        expected, found = "\n".join(lines), "\n".join(kept)
    assert words(expected) == words(found), found
    for one, other in zip(numbers(expected), numbers(found), strict=True):
        assert other == pytest.approx(one, rel=0.15, abs=0.02), found


def words(text: str) -> list[str]:
    return re.sub(r"[─\s]+", " ", NUMBER.sub("N", text)).split()


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def test_the_walk_says_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    found, compared = "", 0
    for kind, body in steps(PAGE.read_text(encoding="utf-8")):
        if kind == "text":
            same(body, found)
            compared += bool(body.strip())
        else:
            found = run(kind, body, namespace)
    assert compared >= 6

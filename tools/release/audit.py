"""Audit what is shipped: licences, registries, known vulnerabilities, notices.

It ends with one line per check that says what was looked at, and with what. What could not be
looked at, for want of a tool or of a network, is said as plainly; ``--strict`` counts it as a
failure.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release import licences
from release.shipped import REGISTRY, ROOT, crates, project
from release.spdx import is_met

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from release.shipped import Crate

ADVISORIES = Path(__file__).with_name("advisories.toml")
_DENY = ("cargo", "deny", "--all-features", "check", "--hide-inclusion-graph")
_NETWORK = re.compile(r"(?i)fetch|network|connect|resolve host|timed out|max retries|503|ssl")


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    verdict
        ``passed``, ``failed`` or ``not checked``.
    what
        What was looked at, or what is wrong.
    """

    verdict: str
    what: str


def rules() -> dict[str, Any]:
    """The content of ``deny.toml``."""
    return tomllib.loads((ROOT / "deny.toml").read_text())


def check_licences(found: Sequence[Crate]) -> Finding:
    """Every crate can be used under licences of the list."""
    allowed = rules()["licenses"]["allow"]
    wrong = [f"{c.name}: {c.licence}" for c in found if not is_met(c.licence, allowed)]
    if wrong:
        return Finding("failed", f"licences outside deny.toml: {', '.join(wrong)}")
    return Finding("passed", f"licences of {len(found)} crates against deny.toml")


def check_sources(found: Sequence[Crate]) -> Finding:
    """Every foreign crate comes from crates.io and has a checksum."""
    wrong = [c.name for c in found if not c.own and (c.source != REGISTRY or not c.checksum)]
    if wrong:
        return Finding("failed", f"crates not from crates.io, or without a checksum: {wrong}")
    return Finding(
        "passed", f"{sum(not c.own for c in found)} crates are from crates.io, by checksum"
    )


def check_notices(found: Sequence[Crate]) -> Finding:  # noqa: ARG001
    """The notices in the wheel are those of the crates in it."""
    if licences.OUT.read_text(encoding="utf-8") != licences.text():
        return Finding("failed", "THIRD-PARTY.txt differs from Cargo.lock; run make licences")
    return Finding("passed", "THIRD-PARTY.txt against the sources of the crates")


def check_deny(found: Sequence[Crate]) -> Finding:  # noqa: ARG001
    """The crates of builds and tests are in order too."""
    if not shutil.which("cargo-deny"):
        return Finding("not checked", "crates of builds and tests: cargo-deny is not installed")
    done = _run([*_DENY, "bans", "licenses", "sources"])
    if done.returncode:
        return Finding("failed", f"cargo-deny:\n{done.stderr}")
    return Finding("passed", "cargo-deny: bans, licences and sources, builds and tests included")


def check_advisories(found: Sequence[Crate]) -> Finding:
    """No crate has a known vulnerability."""
    if shutil.which("cargo-deny"):
        done = _run([*_DENY, "advisories"])
        if done.returncode == 0:
            return Finding("passed", "cargo-deny: advisories of all crates")
        if not _NETWORK.search(done.stderr):
            return Finding("failed", f"cargo-deny:\n{done.stderr}")
    return check_listed(found, tomllib.loads(ADVISORIES.read_text()))


def check_listed(found: Sequence[Crate], listed: dict[str, Any]) -> Finding:
    """The same from the list in this folder."""
    ignored = rules()["advisories"]["ignore"]
    hits = [
        f"{crate.name} {crate.version}: {advisory['id']}"
        for advisory in listed["advisory"]
        for crate in found
        if crate.name == advisory["crate"]
        and advisory["id"] not in ignored
        and not any(matches(crate.version, bounds) for bounds in advisory["patched"])
    ]
    if hits:
        return Finding("failed", f"advisories: {', '.join(hits)}")
    foreign = [crate.name for crate in found if not crate.own]
    unknown = sorted({name for name in foreign if name not in listed["looked_up"]})
    what = (
        f"{len(listed['advisory'])} advisories of {len(listed['looked_up'])} crates, a list of "
        f"{listed['as_of']}, for want of the database"
    )
    if unknown:
        return Finding("not checked", f"{what}; not in it: {', '.join(unknown)}")
    return Finding("passed", what)


def matches(version: str, bounds: str) -> bool:
    """Whether a version satisfies all bounds of a list such as ``>= 1.2, < 2``."""
    compare = {">=": tuple.__ge__, "<": tuple.__lt__, ">": tuple.__gt__, "<=": tuple.__le__}
    have = _numbers(version)
    parts = [bound.strip().partition(" ") for bound in bounds.split(",")]
    return all(compare[sign](have, _numbers(number)) for sign, _, number in parts)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.split(r"[-+]", version)[0].split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def check_python(found: Sequence[Crate]) -> Finding:  # noqa: ARG001
    """No package installed beside the wheel has a known vulnerability in its newest version."""
    wanted = project()["dependencies"]
    if shutil.which("pip-audit", path=str(Path(sys.executable).parent)) is None:
        return Finding("not checked", f"{wanted}: pip-audit is not installed")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(wanted))
        file.flush()
        tool = [str(Path(sys.executable).with_name("pip-audit")), "--progress-spinner=off"]
        done = _run([*tool, "--requirement", file.name])
    if done.returncode == 0:
        return Finding("passed", f"pip-audit: {', '.join(wanted)} and what they need")
    if _NETWORK.search(done.stderr) and not done.stdout.strip():
        return Finding(
            "not checked", f"{wanted}: pip-audit found no database:\n{done.stderr[-300:]}"
        )
    return Finding("failed", f"pip-audit:\n{done.stdout}{done.stderr}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


CHECKS: tuple[Callable[[Sequence[Crate]], Finding], ...] = (
    check_licences,
    check_sources,
    check_notices,
    check_deny,
    check_advisories,
    check_python,
)


def main() -> int:
    """Run every check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="what is not checked is a failure")
    strict = parser.parse_args().strict
    found = crates()
    findings = [check(found) for check in CHECKS]
    for finding in findings:
        print(f"{finding.verdict:<12}{finding.what}")
    bad = {"failed", "not checked"} if strict else {"failed"}
    return int(any(finding.verdict in bad for finding in findings))


if __name__ == "__main__":
    sys.exit(main())

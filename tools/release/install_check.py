"""Install wheel and sdist into clean environments of every CPython found, and try them there."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_OLDEST = (3, 11)
_SMOKE = Path(__file__).with_name("smoke.py")
_TARGET = Path(__file__).parents[2] / "target" / "sdist"


def interpreters() -> dict[str, Path]:
    """CPythons on the path and of pyenv, oldest first, by version; one of each minor version."""
    names = [f"python3.{minor}" for minor in range(_OLDEST[1], 30)]
    candidates = [path for name in names if (path := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(map(str, pyenv.glob("3.*/bin/python3")), reverse=True)
    found: dict[tuple[int, ...], Path] = {}
    for candidate in [sys.executable, *candidates]:
        version = _version(candidate)
        if version and version[:2] >= _OLDEST:
            found.setdefault(version[:2], Path(candidate))
    return {".".join(map(str, minor)): found[minor] for minor in sorted(found)}


def _version(python: str) -> tuple[int, ...] | None:
    code = "import sys; print(sys.implementation.name, *sys.version_info[:3])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    words = done.stdout.split()
    if done.returncode or words[0] != "cpython":
        return None
    return tuple(map(int, words[1:]))


def check(python: Path, package: Path) -> str | None:
    """Install into a new environment and try; what went wrong, or None."""
    with tempfile.TemporaryDirectory() as folder:
        # Neither this checkout nor what its environment holds may help.
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        clean |= {"CARGO_TARGET_DIR": str(_TARGET), "PIP_QUIET": "1"}
        inside = str(Path(folder) / "venv" / "bin" / "python")
        for command in (
            [str(python), "-m", "venv", f"{folder}/venv"],
            [inside, "-m", "pip", "install", str(package.resolve())],
            [inside, "-I", str(_SMOKE)],
        ):
            done = subprocess.run(
                command, cwd=folder, env=clean, capture_output=True, text=True, check=False
            )
            if done.returncode:
                return f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return None


def main() -> int:
    """Try each package under each interpreter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="+", type=Path, metavar="PACKAGE")
    packages = parser.parse_args().packages
    failures = 0
    for version, python in interpreters().items():
        for package in packages:
            problem = check(python, package)
            print(f"CPython {version}  {package.name}: {problem or 'works'}", flush=True)
            failures += problem is not None
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Look into a built wheel: its tag, what it asks of the system, what it carries and gives away."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

_WANTED = ("licenses/LICENSE", "licenses/THIRD-PARTY.txt", "sboms/messplus.cdx.json")
_MACHINE = re.compile(rb"(?<![\w.])/(?:home|root|Users|runner|tmp)/[\w./-]{3,60}")


def problems(path: Path) -> list[str]:
    """What is wrong with a wheel, nothing if all is well."""
    found: list[str] = []
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        found += [f"{name}: missing" for name in _WANTED if not _has(names, name)]
        if "messplus/py.typed" not in names:
            found.append("py.typed: missing")
        native = [name for name in names if re.search(r"_core\..*(so|pyd)$", name)]
        if len(native) != 1:
            found.append(f"native module: must be one, got {native}")
        for name in names:
            content = wheel.read(name)
            if match := _MACHINE.search(content):
                found.append(f"{name}: holds a path of the machine: {match[0].decode()}")
        for name in native:
            found += _too_new(path.name, wheel.read(name))
    if "-abi3-" not in path.name and "t-" not in path.name:
        found.append(f"{path.name}: must be abi3 or free-threaded")
    return found


def _has(names: list[str], end: str) -> bool:
    return any(name.endswith(f".dist-info/{end}") for name in names)


def _too_new(name: str, native: bytes) -> list[str]:
    """Symbols of a newer glibc than the name of the wheel promises."""
    promised = re.search(r"manylinux_(\d+)_(\d+)", name)
    if promised is None:
        return []
    newest = max(
        (
            tuple(map(int, version.split(b".")))
            for version in re.findall(rb"GLIBC_(\d+\.\d+)", native)
        ),
        default=(0, 0),
    )
    if newest > tuple(map(int, promised.groups())):
        return [f"{name}: needs glibc {newest[0]}.{newest[1]}"]
    return []


def main() -> int:
    """Look into the wheels named."""
    bad = 0
    for path in map(Path, sys.argv[1:]):
        found = problems(path)
        print(f"{path.name}: {'; '.join(found) or 'sound'}")
        bad += bool(found)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())

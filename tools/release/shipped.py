"""What a wheel holds beside our own code: crates linked into the native module, and data."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODULE = "messplus-py"
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


@dataclass(frozen=True, order=True)
class Crate:
    """A crate that is compiled into the native module on some platform.

    Attributes
    ----------
    name, version
        As in ``Cargo.lock``.
    licence
        SPDX expression.
    source
        Registry it comes from; empty for the crates of this repository.
    checksum
        SHA-256 of its archive; empty for the crates of this repository.
    folder
        Where its source is.
    """

    name: str
    version: str
    licence: str
    source: str
    checksum: str
    folder: Path

    @property
    def own(self) -> bool:
        """Whether it belongs to this repository."""
        return not self.source


def crates() -> list[Crate]:
    """All crates of the native module, on any platform, without those of tests and build scripts.

    Raises
    ------
    subprocess.CalledProcessError
        If cargo fails: it must know every crate, so the first run needs the registry.
    """
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--locked"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout
    )
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}
    open_, found = [next(id_ for id_ in packages if packages[id_]["name"] == MODULE)], set()
    while open_:
        here = open_.pop()
        if here not in found:
            found.add(here)
            open_ += [
                link["pkg"]
                for link in nodes[here]
                if any(kind["kind"] is None for kind in link["dep_kinds"])
            ]
    sums = checksums()
    return sorted(
        Crate(
            package["name"],
            package["version"],
            spdx(package["license"] or ""),
            package["source"] or "",
            sums.get((package["name"], package["version"]), ""),
            Path(package["manifest_path"]).parent,
        )
        for package in map(packages.__getitem__, found)
    )


def spdx(licence: str) -> str:
    """Write an old form, ``MIT/Apache-2.0``, as an expression."""
    return re.sub(r"\s*/\s*", " OR ", licence)


def checksums() -> dict[tuple[str, str], str]:
    """SHA-256 of the archives by name and version, from ``Cargo.lock``."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(p["name"], p["version"]): p.get("checksum", "") for p in lock["package"]}


def project() -> dict[str, Any]:
    """The table ``project`` of ``pyproject.toml``, with the version of the workspace."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    return {**project, "version": cargo["workspace"]["package"]["version"]}


@dataclass(frozen=True)
class Data:
    """A file in the wheel that was made from somebody else's work.

    Attributes
    ----------
    path
        Where it is, from the root.
    origin
        What it was made from.
    licence
        SPDX identifier of that.
    """

    path: str
    origin: str
    licence: str


DATA = tuple(
    Data(
        f"python/messplus/featurizers/data/{name}",
        "sentence-transformers/all-MiniLM-L6-v2",
        "Apache-2.0",
    )
    for name in ("static_table.onnx", "vocab.txt")
)

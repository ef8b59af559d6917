"""Which module imports which: no circles, and what runs in production stands on its own."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "python" / "messplus"
# What studies or shows the library; what serves requests must not need it.
STUDIES = ("messplus.replay", "messplus.demo", "messplus.cli", "messplus.__main__")


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    name_of(path): path for path in (*PACKAGE.rglob("*.py"), *PACKAGE.glob("*.pyi"))
}  # the stub stands for the native module


def imports(name: str) -> set[str]:
    """Modules of the package that a module imports, at once, at use or for its types."""
    path = FILES[name]
    here = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in FILES}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            source = ".".join([*base, *(node.module.split(".") if node.module else [])])
            names = {f"{source}.{alias.name}" for alias in node.names}
            found |= {name for name in names if name in FILES}
            if names - set(FILES) and source in FILES:
                found.add(source)
    return found - {name}


GRAPH = {name: imports(name) for name in FILES}


def test_imports_are_found() -> None:
    assert "messplus.exceptions" in GRAPH["messplus.config"]
    assert "messplus.featurizers.chat" in GRAPH["messplus.routing.selector"]
    assert "messplus.router" in GRAPH["messplus"]


def test_there_are_no_circles() -> None:
    try:
        TopologicalSorter(GRAPH).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_production_needs_no_study() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, others in GRAPH.items()
        if not name.startswith(STUDIES)
        for other in others
        if other.startswith(STUDIES)
    ]
    assert wrong == []

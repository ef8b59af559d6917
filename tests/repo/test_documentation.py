"""Documentation that runs, and none missing."""

from __future__ import annotations

import contextlib
import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import messplus

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


def load() -> dict[str, ModuleType]:
    """Every module of the package, but for those whose optional packages are not installed."""
    found = {"messplus": messplus}
    for module in pkgutil.walk_packages(messplus.__path__, "messplus."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(messplus.MissingDependencyError):
                found[module.name] = importlib.import_module(module.name)
    return found


MODULES = load()


def blocks(page: Path) -> list[str]:
    """Python blocks of a page, in order; fragments need something the page does not make."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)


PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if blocks(page)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_on_pages_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": page.stem}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), namespace)


def test_examples_on_pages_are_typed(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api")
    for page in PAGES:
        # Their functions are as short as readers want them: bodies are checked, signatures free.
        (tmp_path / f"page_{page.stem}.py").write_text("\n".join(blocks(page)))
    settings = [
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    free = ["--allow-untyped-defs", "--allow-untyped-calls", "--allow-incomplete-defs"]
    report, errors, status = mypy.run([*settings, *free, *map(str, sorted(tmp_path.glob("*.py")))])
    assert status == 0, report + errors


def test_the_readme_has_examples() -> None:
    assert ROOT / "README.md" in PAGES


def test_commands_of_the_readme_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    named = re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(), re.M)
    assert named
    assert set(named) <= set(targets)


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [
        test
        for name, module in MODULES.items()
        for test in finder.find(module, name)
        if test.examples
    ]


def test_examples_in_docstrings_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    found = examples()
    assert any(test.name.endswith("Router") for test in found)
    for test in found:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def public_objects(module: ModuleType) -> list[tuple[str, object]]:
    """Public functions and classes a module defines, and their public methods."""
    found: list[tuple[str, object]] = []
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value) or inspect.isclass(value):
            found.append((f"{module.__name__}.{name}", value))
        if inspect.isclass(value):
            for member, attribute in vars(value).items():
                attribute = getattr(attribute, "__func__", getattr(attribute, "fget", attribute))
                if not member.startswith("_") and inspect.isfunction(attribute):
                    found.append((f"{module.__name__}.{name}.{member}", attribute))
    return found


# Applications of the library rather than parts of it.
COMMANDS = ("cli", "demo")
PUBLIC = [
    item
    for name, module in MODULES.items()
    if not any(part.startswith("_") for part in name.split("."))
    for item in public_objects(module)
]


def test_every_public_function_and_class_is_documented() -> None:
    assert len(PUBLIC) > 30
    assert [
        name for name, value in PUBLIC if not (getattr(value, "__doc__", "") or "").strip()
    ] == []


def test_every_field_of_a_public_dataclass_is_explained() -> None:
    classes = [(name, value) for name, value in PUBLIC if dataclasses.is_dataclass(value)]
    assert len(classes) >= 5
    missing = [
        f"{name}.{field.name}"
        for name, value in classes
        if name.split(".")[1] not in COMMANDS
        for field in dataclasses.fields(value)
        if not re.search(rf"^\s*([a-z_0-9]+, )*{field.name}\b", value.__doc__ or "", re.M)
    ]
    assert missing == []


def test_a_list_of_parameters_names_all_of_them() -> None:
    listed = [
        (name, value)
        for name, value in PUBLIC
        if "Parameters\n" in (inspect.getdoc(value) or "") and not dataclasses.is_dataclass(value)
    ]
    assert len(listed) >= 5
    missing = [
        f"{name}({parameter})"
        for name, value in listed
        for parameter in inspect.signature(value).parameters  # type: ignore[arg-type]
        if parameter not in ("self", "cls")
        and not re.search(rf"^([a-z_0-9]+, )*{parameter}\b", inspect.getdoc(value) or "", re.M)
    ]
    assert missing == []


def exported_functions() -> dict[str, object]:
    """What users call: functions and methods behind the names that packages export."""
    found: dict[str, object] = {}
    for package in ("messplus", *(f"messplus.{name}" for name in EXPORTING)):
        module = MODULES[package]
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                found[f"{package}.{name}"] = value
            elif inspect.isclass(value) and value.__module__ in MODULES:
                found |= {
                    f"{package}.{name}.{member}": getattr(attribute, "__func__", attribute)
                    for member, attribute in vars(value).items()
                    if not member.startswith("_")
                    and inspect.isfunction(getattr(attribute, "__func__", attribute))
                }
    return found


EXPORTING = ("featurizers", "offload", "replay", "logs")


def test_what_users_call_says_what_it_takes_gives_and_raises() -> None:
    found = exported_functions()
    assert len(found) > 80
    missing = []
    for name, value in found.items():
        doc, source = inspect.getdoc(value) or "", inspect.getsource(value)  # type: ignore[arg-type]
        signature = inspect.signature(value)  # type: ignore[arg-type]
        takes = set(signature.parameters) - {"self", "cls"}
        if takes and "Parameters\n" not in doc:
            missing.append(f"{name}: Parameters")
        if takes and signature.return_annotation not in (None, "None") and "Returns\n" not in doc:
            missing.append(f"{name}: Returns")
        if re.search(r"^\s+raise\b", source, re.M) and "Raises\n" not in doc:
            missing.append(f"{name}: Raises")
    assert missing == []

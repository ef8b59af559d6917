"""What packages export is what they say they export."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

import messplus

ROOT = Path(messplus.__file__).parent
# A package that makes its names at use has none of them to compare before.
PACKAGES = sorted(
    ".".join(("messplus", *path.parent.relative_to(ROOT).parts))
    for path in ROOT.rglob("__init__.py")
    if "__all__ =" in (text := path.read_text(encoding="utf-8")) and "def __getattr__" not in text
)


def public(package: ModuleType) -> set[str]:
    """Names without an underscore that are no modules."""
    names = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    return names - {"annotations"}


@pytest.mark.parametrize("name", PACKAGES)
def test_exports_equal_all(name: str) -> None:
    package = importlib.import_module(name)
    exported = list(package.__all__)
    assert len(exported) == len(set(exported))
    assert set(exported) - {"__version__"} == public(package)


def test_packages_are_found() -> None:
    assert {"messplus", "messplus.featurizers", "messplus.offload", "messplus.replay"} <= {
        *PACKAGES
    }


def test_what_users_start_with_is_exported() -> None:
    assert {"Router", "Model", "SLA", "Policy", "Decision", "Report"} <= set(messplus.__all__)


def test_every_exception_is_exported() -> None:
    from messplus import exceptions

    errors = {name for name in public(exceptions) if issubclass(vars(exceptions)[name], Exception)}
    assert len(errors) >= 10
    assert errors <= set(messplus.__all__)

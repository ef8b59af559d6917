"""Optional packages: imported at use, explained when missing."""

import importlib
from types import ModuleType

from .exceptions import MissingDependencyError


def require(package: str, extra: str) -> ModuleType:
    """Import ``package``, or say which extra of messplus brings it.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        top = package.partition(".")[0]
        raise MissingDependencyError(
            f"{top} is not installed; run: pip install 'messplus[{extra}]'"
        ) from error

"""One file for a router and for what serves it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from messplus import config
from messplus.exceptions import ConfigError
from messplus.router import Router

if TYPE_CHECKING:
    from messplus.featurizers.requests import AnyFeaturizer

#: Environment variable that names the file where no path can be given.
VARIABLE = "MESSPLUS_CONFIG"


class Loaded(NamedTuple):
    """What a file held.

    Attributes
    ----------
    router
        The router, in its folder where the file names one (``state``).
    table
        The integration's own table.
    folder
        Where the file lies: paths in it are relative to that.
    """

    router: Router
    table: dict[str, Any]
    folder: Path


def load(path: str | Path | None, table: str, *, featurizer: AnyFeaturizer = None) -> Loaded:
    """Make the router of a TOML or JSON file that also has a table for an integration.

    Beside the parameters of :class:`~messplus.Router` the file may have ``state``, the folder of
    :meth:`Router.open`, and ``log``. Tables of other integrations are passed over.

    Parameters
    ----------
    path
        The file; that of the environment variable ``MESSPLUS_CONFIG`` where none is given.
    table
        Name of the integration and of its table.
    featurizer
        As for the router.

    Raises
    ------
    ConfigError
        If there is no file, or a setting breaks its rule.
    StateError
        If the folder cannot be opened.
    """
    path = path or os.environ.get(VARIABLE)
    if not path:
        raise ConfigError(f"{VARIABLE}: must name a settings file, got nothing")
    path = Path(path)
    settings = config.parse(path)
    own = settings.pop(table, {})
    if not isinstance(own, dict):
        raise ConfigError(f"{table}: must be a table, got {own!r}")
    for other in TABLES - {table}:
        settings.pop(other, None)
    state, log = (_path(settings.pop(name, None), name, path.parent) for name in ("state", "log"))
    checked = config.validate(settings)
    values = {name: getattr(checked, name) for name in type(checked).model_fields}
    if state is None:
        router = Router(**values, featurizer=featurizer, log=log)
    else:
        router = Router.open(state, **values, featurizer=featurizer, log=log)
    return Loaded(router, own, path.parent)


#: Tables that integrations read from such a file.
TABLES = frozenset({"litellm", "serve"})


def _path(value: object, name: str, folder: Path) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name}: must be a path, got {value!r}")
    return folder / value

"""Where commands that look at a router find it: its folder, file or log, or a gateway."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from messplus.exceptions import InputError

if TYPE_CHECKING:
    from messplus._core import Controller

_SECONDS = 5.0
_KEY = "MESSPLUS_KEY"


def look(source: str) -> dict[str, Any]:
    """What a router has done, as :func:`messplus.reports.view.view` says it.

    Parameters
    ----------
    source
        A folder of :meth:`Router.open`, in use or not, a file of :meth:`Router.save`, the address
        of a fleet, or that of ``messplus serve``; its key is read from ``MESSPLUS_KEY``.

    Raises
    ------
    InputError
        If the address does not answer as ``messplus serve`` does.
    StateError
        If folder or file are no router's.
    """
    if source.startswith(("http://", "https://")):
        return _ask(f"{source.rstrip('/')}/report")
    from messplus.fleet.follow import follow_at
    from messplus.reports import accounting, calendar
    from messplus.reports.view import view

    followed = follow_at(source)
    core = core_of(source) if followed is None else followed.core
    fleet = None if followed is None else followed.report()
    report = accounting.build(core.report(), fleet=fleet)
    return view(report, calendar.build(core.calendar()), time.time())


def core_of(path: str) -> Controller:
    """The core of a router kept in a folder, in use or not, or a log, or saved to a file.

    Parameters
    ----------
    path
        Folder, address or file.

    Raises
    ------
    StateError
        If it is no router's.
    """
    from messplus import _core
    from messplus.fleet.follow import follow_at

    followed = follow_at(path)
    if followed is not None:
        return followed.core
    state = Path(path)
    if state.is_dir():
        core, _ = _core.Controller.recover(state)
        return core
    return _core.Controller.from_bytes(state.read_bytes())


def _ask(url: str) -> dict[str, Any]:
    key = os.environ.get(_KEY)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with urlopen(Request(url, headers=headers), timeout=_SECONDS) as answer:  # noqa: S310
            found = json.load(answer)
    except (URLError, ValueError) as error:
        raise InputError(f"source: must answer at {url}, got {error}") from None
    if not isinstance(found, dict) or "slas" not in found:
        raise InputError(f"source: must be the address of messplus serve, got another at {url}")
    return found

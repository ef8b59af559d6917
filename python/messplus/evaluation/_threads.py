"""Linear algebra on one thread: blocks of a hundred are too small to be shared."""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def one_thread() -> AbstractContextManager[object]:
    """Keep numpy to one thread per call, where threadpoolctl is installed (extra ``evaluate``).

    On a machine that is busy with other things the threads of a BLAS wait for each other ten times
    as long as they compute.
    """
    try:
        control = import_module("threadpoolctl")
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = control.threadpool_limits(1, user_api="blas")
    return limits

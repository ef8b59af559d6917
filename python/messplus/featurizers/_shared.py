"""What costs megabytes is made once per process, and goes when its last user goes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Shared(Generic[T]):
    """Values by what they are made from, held weakly: a router per tenant costs no more than one.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._values: WeakValueDictionary[Hashable, T] = WeakValueDictionary()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key that is in use somewhere, or a new one."""
        with self._lock:
            value = self._values.get(key)
        if value is None:
            # Made without the lock: a large encoder must not keep others waiting for seconds.
            made = make()
            with self._lock:
                value = self._values.setdefault(key, made)
        return value

    def __len__(self) -> int:
        return len(self._values)

"""Featurizing off the event loop: few threads, a bounded queue, a deadline."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from messplus.exceptions import FeaturizerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

Result = TypeVar("Result")


class Background:
    """A small pool of its own, so that other users of the default executor cannot starve it.

    Parameters
    ----------
    threads
        Calls run at once.
    queue
        Calls waiting or running at most; beyond it a call is refused at once, because waiting
        longer than the deadline helps nobody.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="messplus-featurizer")
        self._free = queue
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], Result], deadline: float) -> Result:
        """Run a call in the pool.

        Parameters
        ----------
        call
            What to run.
        deadline
            Seconds to wait for it, the queue included. A call that has begun is not interrupted:
            its result is dropped.

        Raises
        ------
        FeaturizerError
            If the queue is full.
        TimeoutError
            If the deadline has passed.
        """
        # Imported at use: only applications that have it loaded already come here.
        import asyncio

        with self._lock:
            if self._free == 0:
                raise FeaturizerError("the queue of prompts to featurize is full")
            self._free -= 1
        future = self._pool.submit(call)
        future.add_done_callback(self._release)
        return await asyncio.wait_for(asyncio.wrap_future(future), deadline)

    def _release(self, _: Future[Result]) -> None:
        with self._lock:
            self._free += 1

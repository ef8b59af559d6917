"""Processes that hold one replica each, and do as they are told through a pipe."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from messplus import Router, StateError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_T = TypeVar("_T")
# How a process opens its router: an address is all that replicas have in common.
Open = Callable[[str], Router]
# What a process does with its router when it is told so by name.
Deed = Callable[..., object]
# Forked from a driver that has all it needs loaded, and no router: a restart takes milliseconds.
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Standing:
    """Where a replica stands."""

    decisions: int
    rated: int
    cost: float
    unsent: int
    position: int


class Replica:
    """The driver's side of a process.

    Parameters
    ----------
    address
        Of the fleet.
    opened
        Opens the router, in the process.
    deeds
        What it can be told to do, beyond what every process can.
    """

    def __init__(self, address: str, opened: Open, deeds: Sequence[Deed] = ()) -> None:
        self.pipe, theirs = _FORK.Pipe()
        known = {deed.__name__: deed for deed in (*deeds, *_DEEDS)}
        self._process = _FORK.Process(
            target=_serve, args=(theirs, address, opened, known), daemon=True
        )
        self._process.start()
        theirs.close()

    def tell(self, deed: Deed, *arguments: object) -> None:
        """Have something done, now and in order; the answer is to be :meth:`heard`."""
        self.pipe.send((deed.__name__, arguments))

    def heard(self) -> Any:  # noqa: ANN401
        """The next answer.

        Raises
        ------
        EOFError
            If the process is gone.
        """
        try:
            answer = self.pipe.recv()
        except ConnectionResetError as error:
            raise EOFError from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, deed: Deed, *arguments: object) -> Any:  # noqa: ANN401
        """Have something done, and hear the answer."""
        self.tell(deed, *arguments)
        return self.heard()

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        self.pipe.close()

    def end(self) -> None:
        """End it in the ordinary way."""
        self.pipe.send(None)
        self._process.join()
        self.pipe.close()


def standing(router: Router) -> Standing:
    """Where a replica stands; a folder's only process has sent all there is to send."""
    report = router.report()
    fleet = report.fleet
    return Standing(
        decisions=report.decisions,
        rated=report.rated,
        cost=report.cost,
        unsent=0 if fleet is None else fleet.unsent,
        position=0 if fleet is None else fleet.position,
    )


def looked(router: Router) -> float:
    """When the replica last knew all of the log: what a report says too, and takes longer for."""
    member = router._membership.member
    return time.monotonic() - (0.0 if member is None else member.report().staleness_seconds)


def background(_router: Router) -> float:
    """Seconds of a processor that the process has spent beside what it was told to do."""
    return time.process_time() - time.thread_time()


def flush(router: Router) -> None:
    """Send what happened here, and take in what happened everywhere."""
    router.checkpoint()


def digest(router: Router) -> str:
    """A digest of all that the replica knows."""
    return hashlib.blake2b(router.to_bytes()).hexdigest()


def settle(replicas: Sequence[Replica]) -> bool:
    """Let what happened anywhere reach everybody; whether all know the same then, bit for bit."""
    for _ in range(2):
        for replica in replicas:
            _retry(partial(replica.ask, flush))
    return len({replica.ask(digest) for replica in replicas}) == 1


_DEEDS: tuple[Deed, ...] = (standing, looked, background, flush, digest)


def _serve(pipe: Connection, address: str, opened: Open, deeds: dict[str, Deed]) -> None:
    # The driver decides when a process ends, not a terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with _retry(partial(opened, address)) as router:
        while (told := pipe.recv()) is not None:
            deed, arguments = told
            try:
                answer = deeds[deed](router, *arguments)
            except Exception as error:  # raised where the answer is heard
                answer = error
            pipe.send(answer)


def _retry(act: Callable[[], _T]) -> _T:
    """Do what a log that is slow or away for a moment keeps from being done."""
    for _ in range(400):
        try:
            return act()
        except (StateError, OSError):
            time.sleep(0.05)
    return act()

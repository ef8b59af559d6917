"""Jobs in child processes: what kills them, hangs them or swells them is counted."""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

#: Addresses a job may map, and bytes it may hold in memory before that counts as unbounded.
ADDRESSES = 8 << 30
RESIDENT = 1 << 30


def run(job: Callable[[], int], harm: Counter[str], seconds: float = 60.0) -> None:
    """Run a job that returns how many losses nobody was told of, and count what goes wrong."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(job, writer)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], seconds)
    told = os.read(reader, 100) if ready else b""
    os.close(reader)
    if not ready:
        harm["hangs"] += 1
    if not told:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    if told:
        harm["lost_silently"] += int(told)
    elif ready:
        print(f"a job ended with status {status}", file=sys.stderr)
        harm["aborts"] += 1
    harm["unbounded"] += usage.ru_maxrss * 1024 > RESIDENT


def _work(job: Callable[[], int], writer: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        lost = job()
    except BaseException:  # a panic is none of Exception
        traceback.print_exc()
        os._exit(1)
    os.write(writer, str(int(lost)).encode())
    os._exit(0)

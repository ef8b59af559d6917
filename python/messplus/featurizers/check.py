"""Trying an encoder folder in a process of its own, with limits, before a router uses it."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from messplus import exceptions
from messplus.exceptions import ConfigError, EncoderError, UnsafeEncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_START_SECONDS = 30.0  # for the interpreter and its imports, on a busy machine
_OUT_OF_TIME = {getattr(signal, name, None) for name in ("SIGALRM", "SIGXCPU", "SIGKILL")}


@dataclass(frozen=True)
class FolderCheck:
    """What a folder is, and what it costs.

    Attributes
    ----------
    graph
        The ONNX file used.
    output
        The output of it that is used.
    pooling
        How token states become one vector; None where the graph does that.
    normalise
        Whether the embedding is scaled to unit length.
    width
        Dimensions of the embedding.
    max_tokens
        Tokens embedded.
    provider
        Execution provider really in use.
    sha256
        Hash of all files read, for ``expect_sha256``.
    latency_ms
        Median and 99th percentile of the latency of one prompt in milliseconds, by its tokens.
    peak_memory
        Most memory the process held, in bytes; None where the system does not tell.
    """

    graph: str
    output: str
    pooling: str | None
    normalise: bool
    width: int
    max_tokens: int
    provider: str
    sha256: str
    latency_ms: dict[int, tuple[float, float]]
    peak_memory: int | None


def check_folder(
    path: str | Path,
    file: str | None = None,
    pooling: str = "auto",
    max_tokens: int | None = None,
    providers: Sequence[str] | None = None,
    expect_sha256: str | None = None,
    *,
    allow_control_flow: bool = False,
    seconds: float = 60.0,
    memory: int = 4 << 30,
    measured: float = 1.0,
) -> FolderCheck:
    """Open a folder and embed some prompts, in a child process with limits.

    What a folder does to the process that runs it cannot be read from its files: a graph may ask
    for terabytes, a regular expression may take minutes. Here that costs a child process.

    Parameters
    ----------
    path, file, pooling, max_tokens, providers, expect_sha256, allow_control_flow
        As for :meth:`OnnxFeaturizer.from_folder`.
    seconds
        Time it may take in all, ``> 0``.
    memory
        Address space it may have in bytes, at least 1 GiB. Enforced on Linux; elsewhere time alone
        is limited.
    measured
        Seconds spent on measuring each length of prompts, ``>= 0``.

    Returns
    -------
    FolderCheck
        What the folder is and how fast.

    Raises
    ------
    ConfigError
        If an argument breaks its rule.
    EncoderError
        If a file is missing, corrupt or not supported; the message names it.
    UnsafeEncoderError
        If the folder is refused by what it contains, or exceeds a limit.

    Notes
    -----
    The child process has the rights of its parent: this limits time and memory, nothing else. The
    hash returned, given as ``expect_sha256`` later, makes sure that what is opened is what was
    checked.
    """
    if not 0.0 < seconds < math.inf:
        raise ConfigError(f"seconds: must be positive, got {seconds}")
    if memory < 1 << 30:
        raise ConfigError(f"memory: must be at least {1 << 30}, got {memory}")
    if not 0.0 <= measured < math.inf:
        raise ConfigError(f"measured: must be at least 0, got {measured}")
    request = {
        "folder": {
            "path": os.fspath(path),
            "file": file,
            "pooling": pooling,
            "max_tokens": max_tokens,
            "providers": None if providers is None else list(providers),
            "expect_sha256": expect_sha256,
            "allow_control_flow": allow_control_flow,
        },
        "seconds": seconds,
        "memory": memory,
        "measured": measured,
    }
    found = _run(request, seconds)
    found["latency_ms"] = {int(tokens): tuple(ms) for tokens, ms in found["latency_ms"].items()}
    return FolderCheck(**found)


def _run(request: dict[str, Any], seconds: float) -> dict[str, Any]:
    folder = request["folder"]["path"]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "messplus.featurizers._probe"],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            timeout=seconds + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_slow(folder, seconds) from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        if -done.returncode in _OUT_OF_TIME:
            raise _too_slow(folder, seconds) from None
        raise UnsafeEncoderError(
            f"path: must open within {request['memory']} bytes of memory, got {folder!r}: "
            f"the process ended with {done.returncode}"
        ) from None
    if "error" in answer:
        kind = getattr(exceptions, answer["error"], EncoderError)
        raise kind(answer["message"])
    return answer


def _too_slow(folder: str, seconds: float) -> UnsafeEncoderError:
    return UnsafeEncoderError(
        f"path: must open and embed within {seconds:g} s, got {folder!r}, which did not"
    )

"""The child process of :func:`check_folder`: a request on standard input, an answer on output."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from typing import Any

import numpy as np

from messplus.exceptions import MessPlusError, UnsafeEncoderError
from messplus.featurizers.onnx import OnnxFeaturizer

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_TOKENS = (16, 64, 256)
# Letters, digits, punctuation, other scripts, forms that normalizers take apart.
_SAMPLE = "The 3rd answer, (x² + 1)! naïve Ещё раз: 東京 ㈱ ﷺ ½ ﬁ aaaaaa \t\n"
_BYTES_PER_TOKEN = 16  # of a prompt so long that it is cut


def main() -> int:
    """Answer one request."""
    request = json.load(sys.stdin)
    _limit(request["seconds"], request["memory"])
    try:
        answer = _try(request["folder"], request["measured"])
    except MessPlusError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        rule = f"must open within {request['memory']} bytes of memory"
        message = f"path: {rule}, got {request['folder']['path']!r}"
        answer = {"error": UnsafeEncoderError.__name__, "message": message}
    json.dump(answer, sys.stdout)
    return 0


def _limit(seconds: float, memory: int) -> None:
    if resource is None:
        return
    # By the clock, and by work for the case that the clock is not looked at.
    signal.setitimer(signal.ITIMER_REAL, seconds)
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, math.ceil(seconds) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _try(folder: dict[str, Any], measured: float) -> dict[str, Any]:
    featurizer = OnnxFeaturizer.from_folder(**folder)
    encoder = featurizer.encoder
    longest = encoder.layout.max_tokens
    sample = _SAMPLE * (1 + _BYTES_PER_TOKEN * longest // len(_SAMPLE))
    featurizer.batch(["", sample, *(_SAMPLE[:end] for end in range(1, 15))])
    return {
        "graph": encoder.layout.graph,
        "output": encoder.output,
        "pooling": encoder.layout.pooling if encoder.pools else None,
        "normalise": encoder.layout.normalise,
        "width": encoder.width,
        "max_tokens": longest,
        "provider": encoder.providers[0],
        "sha256": encoder.sha256,
        "latency_ms": {
            tokens: _latency_ms(featurizer, tokens, measured)
            for tokens in _TOKENS
            if tokens <= longest
        },
        "peak_memory": _peak_memory(),
    }


def _latency_ms(featurizer: OnnxFeaturizer, tokens: int, seconds: float) -> tuple[float, float]:
    """Measure one prompt of about ``tokens`` tokens: median and 99th percentile."""
    prompt = "word " * (tokens - 2)
    featurizer(prompt)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        featurizer(prompt)
        times.append(time.perf_counter() - start)
    p50, p99 = np.percentile(times, (50, 99)) * 1e3
    return float(p50), float(p99)


def _peak_memory() -> int | None:
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main())

"""``messplus featurizer``: look at an encoder folder before a router uses it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import argparse

    from messplus.featurizers import OnnxFeaturizer

    from ._parsers import Subparsers

_TOKENS = (16, 64, 256)
_SECONDS = 1.0  # spent on each length


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("featurizer", help="look at an encoder folder")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="open a folder, print what was found and how fast it is",
        description="Open an encoder folder as a router would: print what was found in it, its "
        "hash, the provider really in use, and the latency of one prompt.",
    )
    check.add_argument("folder", metavar="FOLDER")
    check.add_argument("--file", metavar="NAME", help="graph to use, relative to the folder")
    check.add_argument("--pooling", default="auto", metavar="MODE")
    check.add_argument("--max-tokens", type=int, metavar="N")
    check.add_argument("--provider", action="append", metavar="NAME", help="repeatable")
    check.add_argument("--expect-sha256", metavar="HASH")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the folder, print, measure."""
    from messplus.featurizers import OnnxFeaturizer

    featurizer = OnnxFeaturizer.from_folder(
        args.folder,
        args.file,
        args.pooling,
        args.max_tokens,
        args.provider,
        args.expect_sha256,
    )
    encoder = featurizer.encoder
    pooling = encoder.layout.pooling if encoder.pools else "in the graph"
    lines = {
        "graph": encoder.layout.graph,
        "output": encoder.output,
        "pooling": pooling,
        "normalised": "yes" if encoder.layout.normalise else "no",
        "dimensions": f"{encoder.width}, {featurizer.dims} kept",
        "max tokens": str(encoder.layout.max_tokens),
        "provider": encoder.providers[0],
        "sha256": encoder.sha256,
    }
    for name, value in lines.items():
        print(f"{name:<12}{value}")
    for tokens in _TOKENS:
        if tokens <= encoder.layout.max_tokens:
            p50, p99 = latency_ms(featurizer, tokens)
            print(f"{f'{tokens} tokens':<12}p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    return 0


def latency_ms(featurizer: OnnxFeaturizer, tokens: int) -> tuple[float, float]:
    """Measure one prompt of about ``tokens`` tokens: median and 99th percentile."""
    prompt = "word " * (tokens - 2)
    featurizer(prompt)
    times: list[float] = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        featurizer(prompt)
        times.append(time.perf_counter() - start)
    p50, p99 = np.percentile(times, (50, 99)) * 1e3
    return float(p50), float(p99)

"""``messplus featurizer``: look at an encoder folder before a router uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ._parsers import Subparsers

_DIMS = 128  # what a router keeps unless it is told otherwise
_MEASURED = 1.0  # seconds spent on each length


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("featurizer", help="look at an encoder folder")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="open a folder, print what was found and how fast it is",
        description="Open an encoder folder as a router would, in a process of its own with limits "
        "on time and memory: print what was found in it, its hash, the provider really in use, the "
        "latency of one prompt, and the memory it took.",
    )
    check.add_argument("folder", metavar="FOLDER")
    check.add_argument("--file", metavar="NAME", help="graph to use, relative to the folder")
    check.add_argument("--pooling", default="auto", metavar="MODE")
    check.add_argument("--max-tokens", type=int, metavar="N")
    check.add_argument("--provider", action="append", metavar="NAME", help="repeatable")
    check.add_argument("--expect-sha256", metavar="HASH")
    check.add_argument("--allow-control-flow", action="store_true", help="allow If, Loop and Scan")
    check.add_argument("--seconds", type=float, default=60.0, help="limit (default: 60)")
    check.add_argument("--memory", type=float, default=4.0, help="limit in GiB (default: 4)")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the folder, print."""
    from messplus.featurizers import check_folder

    found = check_folder(
        args.folder,
        args.file,
        args.pooling,
        args.max_tokens,
        args.provider,
        args.expect_sha256,
        allow_control_flow=args.allow_control_flow,
        seconds=args.seconds,
        memory=int(args.memory * 2**30),
        measured=_MEASURED,
    )
    lines = {
        "graph": found.graph,
        "output": found.output,
        "pooling": "in the graph" if found.pooling is None else found.pooling,
        "normalised": "yes" if found.normalise else "no",
        "dimensions": f"{found.width}, {min(found.width, _DIMS)} kept",
        "max tokens": str(found.max_tokens),
        "provider": found.provider,
        "sha256": found.sha256,
    }
    for tokens, (p50, p99) in found.latency_ms.items():
        lines[f"{tokens} tokens"] = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    if found.peak_memory is not None:
        lines["memory"] = f"{found.peak_memory / 2**20:.0f} MiB at most, the interpreter included"
    for name, value in lines.items():
        print(f"{name:<12}{value}")
    return 0

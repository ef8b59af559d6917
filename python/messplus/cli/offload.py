"""``messplus offload``: local/cloud offloading under budgets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from messplus.exceptions import InputError

from ._parsers import positive

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from ._parsers import Subparsers

T = TypeVar("T")


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    offload = commands.add_parser("offload", help="local/cloud offloading under budgets")
    subcommands = offload.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    parser = subcommands.add_parser(
        "bench",
        help="our agents beside the published rows",
        description="Train and evaluate on the seven published synthetic configurations. "
        "Where the M4A1 v1 file is found, its parity numbers are printed as well.",
    )
    parser.add_argument("--configs", metavar="A,B,...", help="configurations (default: all seven)")
    parser.add_argument(
        "--agents",
        metavar="A,B,...",
        help="agents (default: local,cloud,random,a2c,rc-a2c,ppo,dqn,default; also rc-ppo,rc-dqn)",
    )
    parser.add_argument(
        "--seeds", type=positive, default=3, metavar="N", help="number of seeds (default: 3)"
    )
    parser.add_argument(
        "--dialogues",
        type=positive,
        default=10_000,
        metavar="N",
        help="dialogues per data set (default: 10000)",
    )
    parser.add_argument(
        "--steps",
        type=positive,
        default=30_000,
        metavar="N",
        help="training turns per agent (default: 30000)",
    )
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="N", help="threads (default: 1)"
    )
    parser.add_argument(
        "--m4a1",
        type=Path,
        metavar="FILE",
        help="M4A1 v1 (default: m4a1_v1/M4A1.json in $MESSPLUS_DATA, if it is there)",
    )
    parser.add_argument("--json", metavar="OUT", help="write the result to this file as JSON")
    parser.add_argument("--plot", metavar="OUT.png", help="draw the rewards into this file")
    parser.set_defaults(run=run_bench)


def run_bench(args: argparse.Namespace) -> int:
    """Run the benchmark, print it, write what was asked for."""
    from messplus._progress import Progress
    from messplus.offload import bench
    from messplus.offload.parity import fixed_actions
    from messplus.offload.published import CONFIGURATIONS
    from messplus.offload.render import render

    configurations = {config.name: config for config in CONFIGURATIONS}
    agents = {name: name for name in bench.AGENTS}
    usual = [name for name in agents if name not in ("rc-ppo", "rc-dqn")]
    plan = bench.Plan(
        _pick("configs", args.configs, list(configurations), configurations),
        _pick("agents", args.agents, usual, agents),
        range(args.seeds),
        args.dialogues,
        args.steps,
        args.jobs,
    )
    runs = len(plan.configurations) * len(plan.seeds)
    with Progress(runs, "offload bench") as progress:
        results = bench.run(plan, progress.update)
    m4a1 = args.m4a1 or _default_m4a1()
    if m4a1 is not None:
        results["m4a1_v1"] = fixed_actions(m4a1)
    print(render(results))
    if args.json:
        text = json.dumps(results, indent=2, allow_nan=False)
        Path(args.json).write_text(text + "\n", encoding="utf-8")
    if args.plot:
        from messplus.offload.plot import plot_bench

        plot_bench(results, args.plot)
    return 0


def _default_m4a1() -> Path | None:
    folder = os.environ.get("MESSPLUS_DATA")
    path = Path(folder, "m4a1_v1", "M4A1.json") if folder else None
    return path if path is not None and path.is_file() else None


def _pick(field: str, text: str | None, usual: Sequence[str], known: Mapping[str, T]) -> list[T]:
    names = usual if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise InputError(f"{field}: must be among {', '.join(known)}, got {name!r}")
    return [known[name] for name in names]

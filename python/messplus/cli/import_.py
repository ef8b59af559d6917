"""``messplus import``: logs of other tools as logs with one answer per request."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "import",
        help="read the logs of LiteLLM, Langfuse, MLflow or OpenAI's Batch API",
        description="Write a log with one answer per request, as messplus evaluate reads it, from "
        "what another tool exported. Failed calls and cached answers are left out.",
    )
    parser.add_argument("tool", choices=("langfuse", "litellm", "mlflow", "openai-batch"))
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help=".json, .jsonl, .csv or .parquet, as exported"
    )
    parser.add_argument("--out", required=True, metavar="OUT.jsonl", help="the log to write")
    parser.add_argument(
        "--ratings",
        metavar="FILE",
        help="ratings by id: records with id and satisfied (or value), and source; of Langfuse, "
        "its export of scores",
    )
    parser.add_argument("--rating", metavar="NAME", help="use the ratings of this name alone")
    parser.add_argument(
        "--scale",
        type=_scale,
        default=(0.0, 1.0),
        metavar="WORST:BEST",
        help="what ratings range over (default: 0:1)",
    )
    parser.add_argument(
        "--prices",
        metavar="FILE.json",
        help="prices per token of each model, where the tool tells no costs; as of messplus replay",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, write, say how much of it was left out."""
    from messplus.logs.importing import import_log
    from messplus.prices import read_prices

    rows, left_out = import_log(
        args.tool,
        args.files,
        ratings=args.ratings,
        name=args.rating,
        scale=args.scale,
        prices=read_prices(args.prices) if args.prices else None,
    )
    lines = (json.dumps(row, default=str, allow_nan=False) + "\n" for row in rows)
    Path(args.out).write_text("".join(lines), encoding="utf-8")
    rated = sum(row.get("satisfied") is not None for row in rows)
    costed = sum(row["cost"] is not None for row in rows)
    print(
        f"{args.out}: {len(rows):,} answers, {rated:,} rated, {costed:,} with a cost; "
        f"{left_out:,} records left out"
    )
    return 0


def _scale(text: str) -> tuple[float, float]:
    try:
        worst, best = map(float, text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be WORST:BEST, got {text}") from None
    if not worst < best:
        raise argparse.ArgumentTypeError(f"must have WORST < BEST, got {text}")
    return worst, best

"""``messplus collect``: ask models that did not answer, within a budget, and make a table of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from messplus.evaluation.collecting.asking import Asker

    from ._parsers import Subparsers

_STOPPED = 4
_EPILOG = """the commands run without a shell:
  --command   gets the prompt on standard input ({model} and $MESSPLUS_MODEL name the model) and
              writes the answer, or {"answer": "...", "cost": 0.002}
  --judge     gets {"prompt": ..., "model": ..., "answer": ...} and writes a number in [0, 1], or
              {"satisfied": 0.8, "cost": 0.001}

What was collected is in OUT.answers.jsonl: the same command goes on where it stopped.
exit code: 0, or 4 where answers of the sample are still missing
"""


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "collect",
        help="ask models that did not answer, within a budget, and make a table for replay",
        description="Draw prompts of a log, ask the models that did not answer them, have the "
        "answers rated, and write a table that messplus replay reads.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("log", help="a .parquet, .csv or .jsonl file with prompt and model")
    parser.add_argument("--models", required=True, metavar="A,B,...", help="models to ask")
    parser.add_argument(
        "--sample", type=int, default=200, metavar="N", help="prompts to draw (default: 200)"
    )
    parser.add_argument(
        "--budget", type=float, required=True, metavar="C", help="most that all of it may cost"
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--command", dest="ask", metavar="COMMAND", help="command that asks a model")
    who.add_argument("--url", metavar="URL", help="base URL of an OpenAI-compatible API")
    parser.add_argument("--judge", required=True, metavar="COMMAND", help="command that rates")
    parser.add_argument(
        "--prices", metavar="FILE.json", help="prices per token of each model; needed with --url"
    )
    parser.add_argument(
        "--key-env",
        default="OPENAI_API_KEY",
        metavar="NAME",
        help="environment variable with the key for the URL (default: OPENAI_API_KEY)",
    )
    parser.add_argument(
        "--max-tokens", type=int, default=1024, metavar="N", help="of an answer of the URL"
    )
    parser.add_argument(
        "--timeout", type=float, default=120.0, metavar="S", help="seconds per call (default: 120)"
    )
    parser.add_argument("--out", required=True, metavar="OUT", help=".parquet, .csv or .jsonl")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Collect, and say what there is."""
    from messplus.evaluation.collecting import collect
    from messplus.evaluation.collecting.rating import Judge

    found = collect(
        args.log,
        models=args.models.split(","),
        sample=args.sample,
        budget=args.budget,
        asker=_asker(args),
        judge=Judge(args.judge, args.timeout),
        out=args.out,
        seed=args.seed,
    )
    print(
        f"{args.out}: {found.rows:,} rows; {found.answers:,} answers, {found.asked:,} of them new, "
        f"{found.missing:,} missing; {found.spent:.4g} spent"
    )
    if found.stopped:
        print(f"stopped: {found.stopped}")
    return _STOPPED if found.missing else 0


def _asker(args: argparse.Namespace) -> Asker:
    from messplus.evaluation.collecting.asking import Command, Endpoint
    from messplus.exceptions import ConfigError
    from messplus.prices import read_prices

    if args.ask:
        return Command(args.ask, args.timeout)
    if not args.prices:
        raise ConfigError("prices: needed with --url, got none")
    prices = read_prices(args.prices)
    for model in args.models.split(","):
        if model not in prices:
            raise ConfigError(f"prices: must have every model, got none of {model!r}")
    return Endpoint(args.url, prices, args.key_env, args.max_tokens, args.timeout)

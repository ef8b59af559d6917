"""Arguments of the commands that read a table of outcomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from messplus.featurizers import Featurizer
    from messplus.replay import Priors, Table
    from messplus.replay.streams import Stream

POLICIES = """policies:
  default               messplus' own policy; keys exploration, credit, forgetting
  paper                 MESS+ as published; keys v or v_rel (V times the mean cost of the most
                        expensive model), c, lr, momentum, l2, clip: paper,v_rel=0.3
  blind:<preset>        the same with constant features: what it does without seeing the prompt
  single:<model>        one model for every request
  random                a model drawn uniformly per request
  static-mix            a model drawn with the weights of the cheapest mixture, known in hindsight
"""


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what selects the table and the stream."""
    parser.add_argument("table", help="outcomes in a .parquet, .csv or .jsonl file")
    parser.add_argument(
        "--policy",
        action="append",
        metavar="NAME[,key=value...]",
        help="policy to replay, repeatable; see below (default: default and paper)",
    )
    parser.add_argument(
        "--cost",
        default="cost",
        metavar="NAME",
        help="prefix of the cost columns <NAME>:<model>, such as cost or energy_j (default: cost)",
    )
    parser.add_argument("--models", metavar="A,B,...", help="models to use (default: all)")
    parser.add_argument("--source", metavar="NAME", help="use the rows of this source alone")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="number of seeds (default: 1)"
    )
    parser.add_argument(
        "--stream",
        choices=["shuffle", "file", "blocks"],
        default="shuffle",
        help="order of arrival; blocks: one source after the other (default: shuffle)",
    )
    parser.add_argument(
        "--feedback-rate",
        type=float,
        default=1.0,
        metavar="P",
        help="probability that a request gets rated (default: 1)",
    )
    parser.add_argument(
        "--feedback-delay",
        type=int,
        default=0,
        metavar="N",
        help="requests decided between a decision and its rating (default: 0)",
    )
    parser.add_argument(
        "--tags", choices=["source"], help="give the router the source of a request as a tag"
    )
    parser.add_argument(
        "--encoder", metavar="FOLDER", help="see prompts through this encoder, not the table"
    )
    parser.add_argument(
        "--fit",
        type=int,
        default=0,
        metavar="N",
        help="fit the encoder's axes to N prompts of the table (default: random axes)",
    )
    parser.add_argument(
        "--dims",
        type=int,
        default=128,
        metavar="K",
        help="dimensions kept of the embedding (default: 128)",
    )
    parser.add_argument(
        "--prices",
        default="mean",
        metavar="mean|none|FILE.json",
        help="listed costs: the means of the table, unknown, or prices per token (default: mean)",
    )
    parser.add_argument(
        "--quality",
        choices=["none", "auto"],
        default="none",
        help="expected satisfaction: unknown, or the means of the table (default: none)",
    )
    parser.add_argument(
        "--warm-start",
        type=int,
        default=0,
        metavar="N",
        help="rows learned as logged data, not replayed (default: 0)",
    )
    parser.add_argument(
        "--epsilon",
        type=float,
        default=0.0,
        metavar="P",
        help="share of requests that routers give to a model drawn uniformly (default: 0)",
    )
    parser.add_argument("--json", metavar="OUT", help="write the result to this file as JSON")
    parser.add_argument("--plot", metavar="OUT.png", help="draw the result into this file")


class Common(TypedDict):
    """What ``replay`` and ``sweep`` take alike."""

    policies: Sequence[str]
    seeds: int
    stream: Stream
    feedback_rate: float
    feedback_delay: int
    tags: bool
    featurizer: Featurizer
    fit: int
    priors: Priors
    epsilon: float


def read_common(args: argparse.Namespace) -> Common:
    """Gather what the arguments say beside the table and the targets."""
    return Common(
        policies=args.policy or ["default", "paper"],
        seeds=args.seeds,
        stream=args.stream,
        feedback_rate=args.feedback_rate,
        feedback_delay=args.feedback_delay,
        tags=args.tags is not None,
        featurizer=_featurizer(args),
        fit=args.fit,
        priors=_priors(args),
        epsilon=args.epsilon,
    )


def read_table(args: argparse.Namespace) -> Table:
    """Load the table that the arguments select."""
    from messplus.replay import load_table

    models = args.models.split(",") if args.models else None
    return load_table(args.table, cost=args.cost, models=models, source=args.source)


def _priors(args: argparse.Namespace) -> Priors:
    """Gather what the arguments tell the routers before the first request."""
    from messplus.prices import read_prices
    from messplus.replay import Priors

    known = args.prices in ("mean", "none")
    prices = args.prices if known else read_prices(args.prices)
    return Priors(prices, args.quality, args.warm_start)


def write_json(args: argparse.Namespace, result: dict[str, Any]) -> None:
    """Write the result where ``--json`` says."""
    if args.json:
        text = json.dumps(result, indent=2, allow_nan=False)
        Path(args.json).write_text(text + "\n", encoding="utf-8")


def _featurizer(args: argparse.Namespace) -> Featurizer:
    """Open the featurizer that the arguments select."""
    from messplus.featurizers import OnnxFeaturizer, StaticFeaturizer

    if args.encoder:
        return OnnxFeaturizer.from_folder(args.encoder, dims=args.dims)
    return StaticFeaturizer(args.dims)

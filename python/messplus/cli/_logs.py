"""Arguments of the commands that read a log with one answer per request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

LOGS = """logs:
  a .parquet, .csv or .jsonl file with one row per request: model, satisfied, cost, prompt (or
  features); optionally propensity, source (of the rating), session, id, time, tags, latency;
  the folder of a router, or its log with features; 'messplus import' writes logs of other tools
"""


def add_log_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what selects the log, and what counts in it."""
    parser.add_argument("log", help="the log: a file, or the folder of a router")
    parser.add_argument("--models", metavar="A,B,...", help="the zoo (default: as logged)")
    parser.add_argument(
        "--trust",
        action="append",
        metavar="SOURCE",
        help="source whose ratings count, repeatable (default: audit where there are audits, "
        "else all)",
    )

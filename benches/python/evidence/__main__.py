"""``python -m benches.python.evidence [--logs N] [--json OUT]``: how far estimates can be trusted.

Logs are made from the tables in ``$MESSPLUS_DATA``, where every model's outcome is known. Prints a
table and one JSON line, with the rows of the first log of every kind; ``--json`` writes all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from itertools import cycle, product
from multiprocessing import Pool
from pathlib import Path

from messplus._progress import Progress
from messplus.replay.features import policy_features
from messplus.replay.tables import Table, load_table

from .logs import LOGGINGS, Rated
from .measure import Case, measure
from .summary import seconds_of_large_log, summarise

TABLES = {
    "messplus_qwen2": ("energy_j", None, (0.66, 0.72)),
    "routellm_mmlu_gsm8k": ("cost", None, (0.72, 0.77)),
    "paretobandit": (
        "cost",
        ("llama-3.1-8b", "mistral-large-2512", "gemini-2.5-pro"),
        (0.86, 0.90),
    ),
}
RATED: tuple[Rated, ...] = (1.0, 0.2, 0.05, "biased")
REQUESTS = 10_000


def read(name: str) -> Table:
    """Read a table of the folder that MESSPLUS_DATA names."""
    cost, models, _ = TABLES[name]
    path = Path(os.environ["MESSPLUS_DATA"]) / name / "outcomes.parquet"
    return load_table(path, cost=cost, models=models)


def run(case: Case) -> list[dict[str, object]]:
    """Measure one case, in a process of its own."""
    table = read(case.table)
    return measure(case, table, policy_features(table), REQUESTS)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=264, help="logs to make (default: 264)")
    parser.add_argument("--json", metavar="OUT", help="write every row to this file")
    args = parser.parse_args()
    if "MESSPLUS_DATA" not in os.environ:
        print(
            "MESSPLUS_DATA is not set: it must name the folder of outcome tables", file=sys.stderr
        )
        return 2
    kinds = cycle(product(TABLES, LOGGINGS, RATED))
    cases = [
        Case(table, logging, rated, TABLES[table][2], seed)
        for seed, (table, logging, rated) in zip(range(args.logs), kinds, strict=False)
    ]
    rows = []
    with Pool(os.cpu_count()) as pool, Progress(len(cases), "evidence") as progress:
        for done, found in enumerate(pool.imap(run, cases, chunksize=1), start=1):
            rows.append(found)
            progress.update(done)
    if args.json:
        Path(args.json).write_text(json.dumps([row for log in rows for row in log]))
    seconds, of_cores = seconds_of_large_log(read("messplus_qwen2"))
    text, figures = summarise([row for log in rows for row in log])
    print(text)
    first = [row for log in rows[: len(TABLES) * len(LOGGINGS) * len(RATED)] for row in log]
    times = {"seconds_100k": seconds, "cpu_seconds_100k": of_cores}
    print(json.dumps({"rows": first, **figures, **times}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

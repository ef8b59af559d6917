"""Keep a router in a folder: what was decided before a restart may be rated after it."""

import tempfile
from pathlib import Path

from messplus import SLA, Model, Router

MODELS = [Model("small", 0.2), Model("large", 3.0)]

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "router"
    with Router.open(path, MODELS, SLA(0.9)) as router:
        router.select("What is 2 + 2?", id="request-1")
        router.select("Prove it.", id="request-2")

    # Another process, later: what was agreed is in the folder.
    with Router.open(path) as router:
        router.feedback("request-1", satisfied=True, cost=0.2)
        report = router.report()
        print(f"{report.decisions} decisions, {report.rated} rated, {report.pending} pending")

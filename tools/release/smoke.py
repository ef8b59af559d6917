"""What an installed messplus must be able to do; run by an interpreter it was installed for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import messplus
from messplus import SLA, Model, Router


def main() -> int:
    """Route, learn, save, recover, and run the command."""
    if "site-packages" not in str(messplus.__file__):
        raise SystemExit(f"imported from {messplus.__file__}, not from where it was installed")
    models = [Model("small", cost=0.2), Model("large", cost=3.0)]
    router = Router(models, SLA(target=0.9))
    for index in range(200):
        decision = router.select(f"What is {index} + {index}?", tags={"task": "sums"})
        router.feedback(decision, satisfied=decision.model == "large", cost=1.0)
    expected = router.select("And now?").p_satisfied
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "router.bin"
        router.save(state)
        if Router.load(state).select("And now?").p_satisfied.keys() != expected.keys():
            raise SystemExit("a saved router came back as another")
        with Router.open(Path(folder) / "state", models, SLA(target=0.9)) as durable:
            durable.feedback(asyncio.run(durable.aselect("x")), satisfied=True)
        with Router.open(Path(folder) / "state", models, SLA(target=0.9)) as durable:
            if durable.report().slas["default"].rated != 1:
                raise SystemExit("a router in a folder forgot its rating")
    held = [str(file) for file in metadata.files("messplus") or ()]
    if not any(name.endswith("THIRD-PARTY.txt") for name in held):
        raise SystemExit("the notices of third parties are not installed")
    command = [sys.executable, "-m", "messplus", "demo", "--requests", "300"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"messplus {messplus.__version__} works under CPython {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

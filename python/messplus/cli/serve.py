"""``messplus serve``: an OpenAI-compatible gateway that routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("serve", help="an OpenAI-compatible gateway that routes")
    parser.add_argument(
        "--config", help="settings file with a table [serve]; $MESSPLUS_CONFIG by default"
    )
    parser.add_argument("--host", help="address to listen at, in place of the file's")
    parser.add_argument("--port", type=int, help="port to listen at, in place of the file's")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from messplus._optional import require

    uvicorn = require("uvicorn", "serve")
    for package in ("starlette", "httpx", "prometheus_client"):
        require(package, "serve")
    from messplus.integrations import settings
    from messplus.integrations.serve import app
    from messplus.integrations.serve.settings import read

    router, table, _ = settings.load(args.config, "serve")
    given = {name: getattr(args, name) for name in ("host", "port")}
    table |= {name: value for name, value in given.items() if value is not None}
    with router:
        served = read(table, [model.name for model in router.models])
        print(f"listening at http://{served.host}:{served.port}/v1", flush=True)
        uvicorn.run(
            app.make(router, served),
            host=served.host,
            port=served.port,
            log_level="warning",
            timeout_keep_alive=75,
            access_log=False,
        )
    return 0

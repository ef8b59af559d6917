"""``messplus dashboard``: a read-only page on what a router does, while it does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from ._parsers import Subparsers

_PAGE = Path(__file__).parents[1] / "reports" / "dashboard.html"
_PLACE = "const EMBEDDED = null;"


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("dashboard", help="a page on what a router does, live")
    parser.add_argument(
        "source",
        help="folder of Router.open, file of Router.save, address of a fleet or of messplus serve",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve the page at")
    parser.add_argument("--port", type=int, default=8081, help="port to serve the page at")
    parser.add_argument(
        "--html", type=Path, metavar="OUT", help="write the page of this moment to a file instead"
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from ._source import look

    data = look(args.source)
    if args.html is not None:
        args.html.write_text(_embed(data), encoding="utf-8")
        return 0
    server = _server(args.source, args.host, args.port)
    host, port = server.server_address[:2]
    print(f"http://{host}:{port}/", flush=True)
    with server:
        server.serve_forever()
    return 0


def _embed(data: dict[str, Any]) -> str:
    # Names come from users, and "</script>" may be one.
    text = json.dumps(data).replace("<", "\\u003c")
    return _PAGE.read_text(encoding="utf-8").replace(_PLACE, f"const EMBEDDED = {text};")


def _server(source: str, host: str, port: int) -> Any:  # noqa: ANN401 - imported at use
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    from messplus.exceptions import MessPlusError

    from ._source import look

    class Handler(BaseHTTPRequestHandler):
        """Two files: the page, and what it shows."""

        def do_GET(self) -> None:
            if self.path == "/":
                self._answer(200, _PAGE.read_bytes(), "text/html; charset=utf-8")
            elif self.path == "/data.json":
                try:
                    body = json.dumps(look(source)).encode()
                except (MessPlusError, OSError) as error:
                    self._answer(503, str(error).encode(), "text/plain; charset=utf-8")
                else:
                    self._answer(200, body, "application/json")
            else:
                self._answer(404, b"not here", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing of every look."""

    return ThreadingHTTPServer((host, port), Handler)

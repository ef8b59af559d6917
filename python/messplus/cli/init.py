"""``messplus init``: settings of a router, written from those of what it is to route for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._parsers import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("init", help="write a router's settings from a gateway's")
    gateways = parser.add_subparsers(dest="gateway", metavar="GATEWAY", required=True)
    litellm = gateways.add_parser(
        "litellm",
        help="from the YAML of LiteLLM's proxy",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    litellm.add_argument("config", type=Path, help="LiteLLM's configuration")
    litellm.add_argument(
        "--target", type=float, default=0.9, help="satisfaction rate to agree on, in (0, 1]"
    )
    litellm.add_argument(
        "--output-tokens", type=float, default=300.0, help="expected tokens of an answer"
    )
    litellm.add_argument(
        "--out", type=Path, help="file to write; messplus.toml beside the configuration by default"
    )
    litellm.set_defaults(run=_litellm)


def _litellm(args: argparse.Namespace) -> int:
    from messplus import config
    from messplus.integrations.litellm.config import settings

    out = args.out or args.config.with_name("messplus.toml")
    text = settings(args.config, args.target, args.output_tokens)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        print(f"messplus init: {out} exists already; move it away first", file=sys.stderr)
        return 2
    names = ", ".join(model["name"] for model in config.parse(out)["models"])
    print(
        f"wrote {out}: {names}\n"
        f"Add to {args.config}:\n\n"
        "litellm_settings:\n"
        '  callbacks: ["messplus.integrations.litellm.handler"]\n\n'
        f"and start the proxy with MESSPLUS_CONFIG={out}"
    )
    return 0

"""``messplus watch``: what a router does, in the terminal, while it does it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ._parsers import Subparsers

_BARS = " ▁▂▃▄▅▆▇█"
_WIDTH = 60


def add_parser(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("watch", help="what a router does, live in the terminal")
    parser.add_argument(
        "source",
        help="folder of Router.open, file of Router.save, address of a fleet or of messplus serve",
    )
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two looks")
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from messplus._optional import require

    require("rich", "watch")
    from rich.console import Console
    from rich.live import Live

    from ._source import look

    if args.once:
        Console().print(_screen(look(args.source)))
        return 0
    with Live(_screen(look(args.source)), auto_refresh=False, screen=True) as live:
        while True:
            time.sleep(max(0.1, args.every))
            live.update(_screen(look(args.source)), refresh=True)


def _screen(data: dict[str, Any]) -> Any:  # noqa: ANN401 - rich is imported at use
    from rich.console import Group

    return Group(_totals(data), _levels(data), _models(data), *_course(data))


def _totals(data: dict[str, Any]) -> Any:  # noqa: ANN401
    from rich.text import Text

    status = data["status"].replace("_", " ")
    colour = {"holding": "green", "learning": "blue"}.get(data["status"], "red")
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(data["now"]))
    rest = (
        f"  {data['decisions']:,} requests, {data['rated']:,} rated, {data['pending']:,} waiting, "
        f"cost {_number(data['cost'])}, {when}"
    )
    return Text.assemble((status, f"bold {colour}"), rest, *_fleet(data))


def _fleet(data: dict[str, Any]) -> list[tuple[str, str]]:
    fleet = data.get("fleet")
    return [] if not fleet else [(f"\n{fleet['text']}", "bold red" if fleet["degraded"] else "")]


def _levels(data: dict[str, Any]) -> Any:  # noqa: ANN401
    rows = [
        (
            sla["name"],
            _percent(sla["target"]),
            _percent(sla["rate"]),
            "" if not sla["interval"] else " to ".join(map(_percent, sla["interval"])),
            _percent(sla["lower_bound"]),
            f"{sla['backlog']:.2f}",
        )
        for sla in data["slas"]
    ]
    header = ("service level", "agreed", "satisfied", "true rate, 95 %", "certain", "backlog")
    return _table(header, rows)


def _models(data: dict[str, Any]) -> Any:  # noqa: ANN401
    rows = [
        (
            model["name"],
            f"{model['selected']:,}",
            _percent(model["share"]),
            _percent(model["rate"]),
            _percent(model["predicted"]),
            _number(model["mean_cost"]),
            f"{model['failed']:,}",
        )
        for model in data["models"]
    ]
    header = ("model", "requests", "share", "satisfied", "predicted", "mean cost", "failed")
    return _table(header, rows)


def _course(data: dict[str, Any]) -> list[Any]:
    from rich.text import Text

    periods = data["periods"].get("minute")
    if periods is None:
        return []
    lines = (
        ("satisfied", periods["rate"], 0.0, 1.0),
        ("rated", periods["coverage"], 0.0, 1.0),
        ("cost", periods["cost"], 0.0, None),
        ("requests", periods["decisions"], 0.0, None),
    )
    drawn = [
        Text(f"{name:<10}{_bars(values, low, high)}  {_last(name, values)}")
        for name, values, low, high in lines
    ]
    return [Text("the last hour, by minute", style="dim"), *drawn]


def _bars(values: list[float | None], low: float, high: float | None) -> str:
    known = [value for value in values if value is not None]
    top = high if high is not None else max(known, default=0.0)
    span = top - low or 1.0
    steps = len(_BARS) - 1
    return "".join(
        "·" if value is None else _BARS[max(0, min(steps, round((value - low) / span * steps)))]
        for value in values[-_WIDTH:]
    ).rjust(_WIDTH)


def _last(name: str, values: list[float | None]) -> str:
    value = next((value for value in reversed(values) if value is not None), None)
    return _percent(value) if name in ("satisfied", "rated") else _number(value)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Any:  # noqa: ANN401
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    for row in rows:
        # Names come from users: no markup in them counts.
        table.add_row(*(Text(cell) for cell in row))
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

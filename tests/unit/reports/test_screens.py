"""Pages in a browser: what they show, on a phone and on a desk, by day and by night.

Needs Chromium (Debian: ``apt-get install chromium``); skipped where there is none.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import threading
import time
from html import escape, unescape
from typing import TYPE_CHECKING, Any

import pytest

from messplus import SLA, Model, Router
from messplus.cli import main
from messplus.cli.dashboard import _embed, _server
from messplus.reports.colours import COLOURS
from messplus.reports.view import view

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, a Debian package")
LONG = "gemini-2.5-pro-preview-of-a-model-with-a-long-name"
PHONE, DESK = 420, 1280
# Chromium's windows have a least width; frames have none. Says how wide the page in it came out.
FRAME = """<body><iframe style="border:0;width:{width}px;height:1500px" srcdoc="{page}"></iframe>
<pre></pre>
<script>addEventListener("load", () => setTimeout(() => {{
const inner = document.querySelector("iframe").contentDocument.documentElement;
document.body.dataset.widths = [inner.clientWidth, inner.scrollWidth];
document.querySelector("pre").textContent = inner.outerHTML;
}}, 300));</script>"""


def browse(source: str, width: int, *more: str) -> bytes:
    """Open a page in a window of this width; what Chromium prints."""
    command = [
        str(CHROMIUM),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
    ]
    window = [f"--window-size={width},1500", "--virtual-time-budget=4000", *more, source]
    return subprocess.run([*command, *window], check=True, capture_output=True, timeout=90).stdout


def dom(page: Path, width: int) -> str:
    """The page as its scripts leave it; nothing in it is wider than the window."""
    framed = page.with_name("framed.html")
    framed.write_text(FRAME.format(width=width, page=escape(page.read_text())))
    found = browse(framed.as_uri(), DESK, "--dump-dom").decode()
    widths = re.search(r'data-widths="(\d+),(\d+)"', found)
    assert widths is not None
    assert [int(text) for text in widths.groups()] == [width, width]
    return unescape(found.split("<pre>")[1].split("</pre>")[0])


def pixels(page: Path, width: int, dark: bool) -> dict[tuple[int, ...], int]:
    """Colours of a picture of the page, and the number of pixels of each."""
    image = pytest.importorskip("PIL.Image", reason="needs Pillow, which comes with matplotlib")
    shot = page.with_suffix(".png")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    browse(page.as_uri(), width, scheme, f"--screenshot={shot}")
    picture = image.open(io.BytesIO(shot.read_bytes())).convert("RGB")
    assert picture.width == width
    return {colour: count for count, colour in picture.getcolors(1 << 24)}


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a router that has worked."""
    folder = tmp_path_factory.mktemp("router") / "state"
    models = [Model("small", 0.2), Model("medium", 1.0), Model(LONG, 3.0)]
    with Router.open(folder, models, SLA(0.7)) as router:
        for index in range(200):
            decision = router.select(f"prompt {index}")
            router.feedback(decision, satisfied=index % 4 > 0 or None, cost=0.5)
    return folder


@pytest.fixture(scope="module")
def dashboard(state: Path) -> Path:
    """The dashboard of an hour, made up from one minute of a router."""
    with Router.open(state) as router:
        data = view(router.report(), router.calendar(), time.time())
    minute = data["periods"]["minute"]
    names = [model["name"] for model in data["models"]]
    minutes: dict[str, Any] = {
        key: [value[-1]] * 60 for key, value in minute.items() if isinstance(value, list)
    }
    minutes["start"] = [60 * index for index in range(60)]
    minutes["share"] = {name: [1 / len(names)] * 60 for name in names}
    data["periods"]["minute"] = {"length": 60, **minutes}
    page = state.parent / "dashboard.html"
    page.write_text(_embed(data))
    return page


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_dashboard_fits_and_shows_what_it_has(dashboard: Path, width: int) -> None:
    shown = dom(dashboard, width)
    for title in (
        "Satisfaction",
        "Backlog",
        "Share per model",
        "Mean cost",
        "Rated",
        "Calibration",
    ):
        assert f"<h2>{title}</h2>" in shown
    assert shown.count("<svg ") == 6
    assert f"</i>{LONG}</td>" in shown
    assert "<b>200</b>" in shown
    assert ">nothing yet<" not in shown


@pytest.mark.parametrize(("width", "dark"), [(DESK, False), (PHONE, True)])
def test_the_charts_are_drawn(dashboard: Path, width: int, dark: bool) -> None:
    seen = pixels(dashboard, width, dark)
    background = max(seen, key=seen.__getitem__)
    assert (sum(background) < 3 * 128) is dark
    # A third of one chart each, and lines through all others.
    for colour in COLOURS[:3]:
        assert seen.get(rgb(colour), 0) > 2000
    line = rgb("#56b4e9" if dark else COLOURS[0])
    assert seen.get(line, 0) > 500


def test_the_pages_for_customers_fit_a_phone(state: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for more in ([], ["--since", "2026-01-01"]):
        assert main(["report", str(state), "--html", str(page), "--unit", "USD", *more]) == 0
        shown = dom(page, PHONE)
        assert "The service level was kept" in shown
        assert f"<td>{LONG}</td>" in shown
        assert "Costs in USD" in shown


def test_the_served_page_looks_again_while_a_router_serves(state: Path) -> None:
    server: Any = _server(str(state), "127.0.0.1", 0)
    looks: list[str] = []
    answer = server.RequestHandlerClass._answer

    def counted(self: Any, status: int, body: bytes, kind: str) -> None:
        if kind == "application/json":
            looks.append(json.loads(body)["status"])
        answer(self, status, body, kind)

    server.RequestHandlerClass._answer = counted
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        assert b"<b>200</b>" in browse(address, DESK, "--dump-dom")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert len(looks) >= 2

"""``messplus watch`` and ``messplus dashboard``: what they show, and that they only look."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from messplus import SLA, Model, Router
from messplus.cli import main
from messplus.cli.dashboard import _server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "[bold]large</script>"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """The folder of a router that is in use."""
    folder = tmp_path / "state"
    with Router.open(folder, [Model("small", 0.2), Model(NAME, 3.0)], SLA(0.7)) as router:
        for index in range(20):
            router.feedback(router.select(f"prompt {index}"), satisfied=index % 4 > 0, cost=1.0)
        yield folder


def test_watch_shows_a_router_in_use(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    assert main(["watch", str(state), "--once"]) == 0
    shown = capsys.readouterr().out
    assert "20 requests, 20 rated" in shown
    assert NAME in shown
    assert "the last hour, by minute" in shown


def test_the_page_is_one_file_and_shows_names_as_text(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert main(["dashboard", str(state), "--html", str(out)]) == 0
    page = out.read_text()
    assert page.count("</script>") == 1
    data = json.loads(page.split("const EMBEDDED = ")[1].split(";\n")[0])
    assert [model["name"] for model in data["models"]] == ["small", NAME]
    addresses = page.replace("http://www.w3.org/2000/svg", "")
    assert not any(word in addresses for word in ("http://", "https://", "src=", "@import"))


def test_the_page_is_served_with_what_it_shows(state: Path) -> None:
    server: Any = _server(str(state), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with urlopen(address, timeout=5) as answer:
            assert b"const EMBEDDED = null;" in answer.read()
        with urlopen(f"{address}/data.json", timeout=5) as answer:
            assert json.load(answer)["decisions"] == 20
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("source", ["nowhere", "http://127.0.0.1:1"])
def test_what_is_no_router_is_refused(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", source, "--once"]) == 2
    assert source in capsys.readouterr().err

"""The documentation as a site, where it has been built: nothing is fetched when it is read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "out" / "site"
PAGES = sorted(SITE.rglob("*.html"))
pytestmark = pytest.mark.skipif(not PAGES, reason="not built: see make docs")

# What a browser fetches by itself; a link to be followed is none of it.
FETCHED = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "object": ("data",),
    "video": ("src",),
}
ELSEWHERE = re.compile(r"(https?:)?//")


class Fetches(HTMLParser):
    """Collects the addresses that a page makes a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and name in FETCHED.get(tag, ())]


def fetches(text: str) -> list[str]:
    parser = Fetches()
    parser.feed(text)
    return parser.found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SITE)))
def test_a_page_fetches_nothing_from_elsewhere(page: Path) -> None:
    found = fetches(page.read_text(encoding="utf-8"))
    assert any(address.endswith(".css") for address in found)
    assert [address for address in found if ELSEWHERE.match(address)] == []


def test_styles_fetch_nothing_from_elsewhere() -> None:
    sheets = sorted(SITE.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)\"']+", text) == [], sheet


def test_what_would_be_fetched_is_found() -> None:
    page = '<link href="https://fonts.example/a.css"><script src="//cdn.example/x.js"></script>'
    assert len([address for address in fetches(page) if ELSEWHERE.match(address)]) == 2


def test_no_markup_of_docstrings_is_left_over() -> None:
    left = re.compile(r":(?:class|meth|func|mod|attr):|autoref identifier|--8&lt;--")
    assert [page.name for page in PAGES if left.search(page.read_text(encoding="utf-8"))] == []

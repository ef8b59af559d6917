"""The compliance page: well-formed, self-contained, and true to the report."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, Model, Router
from messplus.cli import main
from messplus.reports import compliance
from messplus.reports._svg import ticks
from tests.zoo import StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_534_800.0
LISTED = {"small": 1.0, "medium": 2.5, "large": 10.0}


class Page(HTMLParser):
    """Text and tags of a page; raises where tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        assert not any(name in ("src", "href") for name, _ in attrs)

    def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def worked(satisfied: int, of: int, n: int = 200) -> Router:
    router = make_router(seed=1)
    for index in range(n):
        decision = router.select(f"prompt {index}")
        router.feedback(decision, satisfied=index % of < satisfied, cost=1.0)
    return router


def page(router: Router) -> Page:
    return Page(
        compliance.render(
            router.report(), router.calendar(), LISTED, "A & B <report>", now=NOW, unit="USD"
        )
    )


def test_shows_the_figures_of_the_report() -> None:
    router = worked(4, 5)
    report = router.report()
    found = page(router)
    assert found.text.count("A & B <report>") == 2
    assert f"{100 * (report.satisfaction_rate or 0):.1f} % of 200 rated requests" in found.text
    assert found.tags.count("svg") == 2
    assert "script" not in found.tags
    for name, model in report.models.items():
        assert name in found.text
        assert f"{model.selected:,}" in found.text


@pytest.mark.parametrize(
    ("satisfied", "verdict"), [(5, "was kept"), (0, "was missed"), (3, "is open")]
)
def test_the_verdict_follows_the_rate(satisfied: int, verdict: str) -> None:
    router = worked(satisfied, 5, n=100)
    assert f"The service level {verdict}" in page(router).text


def test_names_are_shown_not_run() -> None:
    name = "<script>alert('a & b')</script>"
    router = Router([Model(name, 1.0)], SLA(0.5), featurizer=StubFeaturizer())
    router.feedback(router.select("x"), satisfied=True, cost=1.0)
    found = Page(compliance.render(router.report(), router.calendar(), {name: 1.0}, name, now=NOW))
    assert "script" not in found.tags
    assert found.text.count(name) == 5


def test_shadow_mode_has_its_part() -> None:
    router = make_router(seed=1, shadow="large")
    for index in range(50):
        decision = router.select(f"prompt {index}")
        router.feedback(decision, satisfied=True, cost=9.0)
    text = page(router).text
    assert "Shadow mode" in text
    assert "50 requests a fixed model served" in text
    assert "Shadow mode" not in page(worked(4, 5)).text


def test_a_router_that_did_nothing_has_a_page() -> None:
    assert "nothing can be said" in page(make_router()).text


def test_the_command_reads_files_and_folders(tmp_path: Path) -> None:
    saved, out = tmp_path / "saved", tmp_path / "page.html"
    worked(4, 5).save(saved)
    assert main(["report", str(saved), "--html", str(out), "--title", "Ours"]) == 0
    assert "Ours" in Page(out.read_text()).text
    assert main(["report", str(tmp_path / "none"), "--html", str(out)]) == 2


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.71, 0.74), (0.0, 123456.0), (3.0, 3.0)])
def test_ticks_span_the_values(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low + 1e-9
    assert marks[-1] >= high - 1e-9
    assert 2 <= len(marks) <= 9

"""The view of a report: what terminal and dashboard show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from messplus import SLA, Router
from messplus.reports.colours import COLOURS, GREY, MIXTURE, ROUTER, of_policies
from messplus.reports.fleet import FleetReport
from messplus.reports.view import view
from tests.zoo import MODELS, StubFeaturizer, make_router


def test_a_router_in_memory_keeps_no_calendar() -> None:
    router = make_router()
    router.select("x")
    assert not any(router.calendar().slots.values())
    assert view(router.report(), router.calendar(), 0.0)["periods"] == {}


def test_the_view_says_what_the_report_says(tmp_path: Path) -> None:
    with Router.open(tmp_path, MODELS, SLA(0.7), featurizer=StubFeaturizer()) as router:
        for index in range(30):
            decision = router.select(f"prompt {index}")
            router.feedback(decision, satisfied=index % 4 > 0, cost=2.0, latency=0.5)
        report, calendar = router.report(), router.calendar()
    seen = json.loads(json.dumps(view(report, calendar, 12.0)))
    assert seen["now"] == 12.0
    assert (seen["decisions"], seen["rated"], seen["status"]) == (30, 30, report.status)
    assert seen["mean_cost"] == 2.0
    assert seen["slas"][0]["rate"] == report.satisfaction_rate
    assert sum(model["share"] for model in seen["models"]) == pytest.approx(1.0)
    minutes = seen["periods"]["minute"]
    columns = [column for column in minutes.values() if isinstance(column, list)]
    assert {len(column) for column in columns} == {len(minutes["start"])}
    assert list(minutes["share"]) == [model.name for model in MODELS]


def test_a_router_that_did_nothing_has_a_view() -> None:
    router = make_router()
    seen = view(router.report(), router.calendar(), 0.0)
    assert (seen["mean_cost"], seen["mixture"], seen["delay"]) == (None, None, None)


def test_a_router_that_nobody_rates_claims_no_savings() -> None:
    router = make_router()
    for index in range(200):
        router.feedback(router.select(f"prompt {index}"), cost=1.0)
    seen = view(router.report(), router.calendar(), 0.0)
    assert seen["mean_cost"] == 1.0
    assert (seen["mixture"], seen["most_expensive"]) == (None, None)


def test_the_dashboard_has_the_colours_of_all_plots() -> None:
    page = (Path(view.__code__.co_filename).parent / "dashboard.html").read_text()
    assert json.dumps([*COLOURS[:-1], GREY]) in page
    assert f"--blue: {ROUTER};" in page
    assert f"--mix: {MIXTURE};" in page


def test_a_policy_has_one_colour_whatever_is_drawn_beside_it() -> None:
    alone = of_policies(["paper,v=10"])
    among = of_policies(["single:small", "default", "paper,v=10", "paper,v=1", "random"])
    assert alone["paper,v=10"] == among["paper,v=10"] == COLOURS[1]
    assert among["default"] == ROUTER
    assert len(set(among.values())) == 5
    assert set(of_policies(map(str, range(20))).values()) == set(COLOURS)


def test_a_fleet_is_told_in_a_line() -> None:
    fleet = FleetReport(
        "redis://host", 4, 0.25, 1234, 0.01, unsent=0, given_up=0, degraded=False,
        refused=2, lost=0, damaged=0, error=None,
    )  # fmt: skip
    assert str(fleet) == "4 replicas, 25% of requests here, batch 1,234, 2 refused"
    away = replace(fleet, degraded=True, staleness_seconds=12.0, unsent=9, error="refused")
    assert "DEGRADED for 12 s: refused, 9 unsent" in str(away)

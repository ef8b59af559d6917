"""The view of a report: what terminal and dashboard show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, Router
from messplus.reports.view import view
from tests.zoo import MODELS, StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path


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

"""The Prometheus collector: names, labels and values of one scrape."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from messplus import SLA, Limit, Model, Router
from messplus._core import Histogram
from messplus.reports.metrics import register
from tests.zoo import make_router


def test_a_scrape_tells_what_the_report_tells() -> None:
    router = make_router(seed=3)
    registry = CollectorRegistry()
    register(router, registry=registry)
    for index in range(40):
        decision = router.select(f"prompt {index}")
        router.feedback(decision, satisfied=index % 4 > 0, cost=2.0, latency=0.5)
    waiting = router.select("not rated")
    router.failed(waiting)
    report = router.report()
    value = registry.get_sample_value
    for name, model in report.models.items():
        for reason, count in model.reasons.items():
            labels = {"model": name, "reason": reason}
            assert value("messplus_decisions_total", labels) == count
        assert value("messplus_cost_total", {"model": name}) == model.cost
        for outcome in ("rated", "costed", "timed"):
            labels = {"model": name, "outcome": outcome}
            assert value("messplus_feedback_total", labels) == model.rated
    assert value("messplus_failures_total", {"model": waiting.model}) == 1
    assert value("messplus_virtual_queue", {"sla": "default"}) == report.backlog
    assert value("messplus_sla_target_ratio", {"sla": "default"}) == report.target
    assert value("messplus_satisfaction_ratio", {"sla": "default"}) == 0.75
    assert value("messplus_pending_decisions") == 1
    assert value("messplus_pending_expired_total") == 0
    assert value("messplus_state_errors_total", {"kind": "write"}) == 0
    assert value("messplus_state_errors_total", {"kind": "log"}) == 0
    for name, count in (
        ("select_duration", 41),
        ("featurize_duration", 41),
        ("feedback_delay", 40),
    ):
        assert value(f"messplus_{name}_seconds_count") == count
        assert value(f"messplus_{name}_seconds_bucket", {"le": "+Inf"}) == count
        total = value(f"messplus_{name}_seconds_sum")
        assert total is not None
        assert 0.0 < total < 60.0
    assert b"messplus_build_info" in generate_latest(registry)


def test_names_are_those_that_are_documented() -> None:
    registry = CollectorRegistry()
    register(make_router(), registry=registry)
    text = (Path(__file__).parents[3] / "docs" / "production.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(messplus_\w+)", text))
    kinds = {"counter": "_total", "info": "_info"}
    found = {family.name + kinds.get(family.type, "") for family in registry.collect()}
    assert len(found) >= 15
    assert documented == found


def test_durations_fall_into_their_buckets() -> None:
    histogram = Histogram([0.1, 1.0])
    for seconds in (0.05, 0.1, 0.5, 2.0):
        histogram.observe(seconds)
    bounds, counts, total = histogram.read()
    assert (bounds, counts) == ([0.1, 1.0], [2, 1, 1])
    assert total == pytest.approx(2.65)


def test_a_router_without_ratings_has_no_rate() -> None:
    registry = CollectorRegistry()
    register(make_router(), registry=registry)
    assert registry.get_sample_value("messplus_satisfaction_ratio", {"sla": "default"}) is None
    assert registry.get_sample_value("messplus_virtual_queue", {"sla": "default"}) == 0.0


@pytest.mark.skipif(os.name != "posix", reason="folders are shared where there are POSIX locks")
def test_a_replica_tells_how_it_stands_to_its_fleet(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    with Router.open(tmp_path, [Model("small", 0.2)], SLA(0.7)) as router:
        register(router, registry)
        assert registry.get_sample_value("messplus_fleet_replicas") is None
        with Router.open(tmp_path) as other:
            other.feedback(other.select("x"), satisfied=True)
            for _ in range(2):
                other.checkpoint()
                router.checkpoint()
            fleet = router.report().fleet
            assert fleet is not None
            for name in ("replicas", "share_ratio", "unsent", "degraded", "position"):
                value = getattr(fleet, name.removesuffix("_ratio"))
                assert registry.get_sample_value(f"messplus_fleet_{name}") == value
            for name in ("given_up", "refused", "lost", "damaged"):
                assert registry.get_sample_value(f"messplus_fleet_{name}_total") == 0
            assert registry.get_sample_value("messplus_fleet_staleness_seconds") is not None
            assert f"fleet: {fleet.replicas} replica" in str(router.report())


@pytest.mark.skipif(os.name != "posix", reason="folders are shared where there are POSIX locks")
def test_the_grafana_dashboard_asks_for_metrics_there_are(tmp_path: Path) -> None:
    """Every metric in a query exists, with the labels the query names; every metric is shown."""
    board = json.loads((Path(__file__).parents[3] / "examples" / "grafana.json").read_text())
    models = [Model("small", 0.2), Model("large", 2.0)]
    router = Router.open(tmp_path, models, SLA(0.7), limits=[Limit("cost", 2.0)])
    # From here on they are a fleet.
    Router.open(tmp_path).close()
    router.feedback(router.select("x"), satisfied=True, cost=1.0, latency=1.0)
    router.checkpoint()
    registry = CollectorRegistry()
    register(router, registry)
    labels: dict[str, set[str]] = {}
    for family in registry.collect():
        for sample in family.samples:
            labels.setdefault(sample.name, {"job"}).update(sample.labels)
    asked: set[str] = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            for name, matchers in re.findall(r"(messplus_\w+)(?:\{([^}]*)\})?", target["expr"]):
                asked.add(name)
                assert name in labels, panel["title"]
                assert set(re.findall(r"(\w+)=", matchers)) <= labels[name]
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            found = re.findall(r"messplus_\w+", target["expr"])
            assert shown <= set.union(*(labels[name] for name in found))
    ignored = ("_created", "_count", "_sum", "_info")
    assert asked == {name for name in labels if not name.endswith(ignored)}
    router.close()
    places = [tuple(panel["gridPos"][key] for key in "xy") for panel in board["panels"]]
    assert len(set(places)) == len(places)

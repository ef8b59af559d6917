"""The Prometheus collector: names, labels and values of one scrape."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from messplus.metrics import register
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
        for outcome in ("rated", "billed", "timed"):
            labels = {"model": name, "outcome": outcome}
            assert value("messplus_feedback_total", labels) == model.rated
    assert value("messplus_failures_total", {"model": waiting.model}) == 1
    assert value("messplus_virtual_queue", {"sla": "default"}) == report.backlog
    assert value("messplus_sla_target_ratio", {"sla": "default"}) == report.target
    assert value("messplus_satisfaction_ratio", {"sla": "default"}) == 0.75
    assert value("messplus_pending_decisions") == 1
    assert value("messplus_pending_expired_total") == 0
    assert value("messplus_state_errors_total", {"kind": "write"}) == 0
    assert b"messplus_build_info" in generate_latest(registry)


def test_a_router_without_ratings_has_no_rate() -> None:
    registry = CollectorRegistry()
    register(make_router(), registry=registry)
    assert registry.get_sample_value("messplus_satisfaction_ratio", {"sla": "default"}) is None
    assert registry.get_sample_value("messplus_virtual_queue", {"sla": "default"}) == 0.0

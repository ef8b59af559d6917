"""Prometheus metrics of routers, read from one snapshot of the core at every scrape."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, get_args

from messplus._core import __version__
from messplus._optional import require

from .fleet_metrics import of_fleet
from .parts import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import CollectorRegistry

    from messplus.router import Router

    from .report import Report


class RouterCollector:
    """A collector for ``prometheus_client``: nothing is counted or locked between scrapes.

    Parameters
    ----------
    router
        The router to report on.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry, generate_latest
    >>> from messplus import SLA, Model, Router
    >>> registry = CollectorRegistry()
    >>> router = Router([Model("small", cost=0.2)], SLA(target=0.9))
    >>> registry.register(RouterCollector(router))
    >>> decision = router.select("Hello?")
    >>> print(registry.get_sample_value("messplus_pending_decisions"))
    1
    """

    def __init__(self, router: Router) -> None:
        # Imported early: a missing package must show when the collector is made, not when scraped.
        self._core = require("prometheus_client.core", "metrics")
        self._router = router

    def collect(self) -> Iterable[Metric]:
        """Yield every metric, as the registry asks for them."""
        report = self._router.report()
        yield from self._of_models(report)
        yield from self._of_router(report)
        yield from self._of_durations(report)
        yield from of_fleet(self._core, report.fleet)
        info = self._core.InfoMetricFamily("messplus_build", "Version of the library.")
        info.add_metric([], {"version": __version__})
        yield info

    def _of_models(self, report: Report) -> Iterable[Metric]:
        counter, gauge = self._core.CounterMetricFamily, self._core.GaugeMetricFamily
        decisions = counter("messplus_decisions", "Requests decided.", labels=["model", "reason"])
        feedback = counter(
            "messplus_feedback",
            "Ratings, costs and latencies.",
            labels=["model", "outcome"],
        )
        failures = counter("messplus_failures", "Calls that failed.", labels=["model"])
        anomalies = counter(
            "messplus_cost_anomalies",
            "Reported costs far from all that was seen.",
            labels=["model"],
        )
        cost = counter("messplus_cost", "Sum of all reported costs.", labels=["model"])
        predicted = gauge(
            "messplus_predicted_satisfaction_ratio",
            "Mean predicted probability of satisfaction over the requests a model was chosen for.",
            labels=["model"],
        )
        expected = gauge(
            "messplus_expected_cost",
            "Mean over all requests of what a model was expected to cost.",
            labels=["model"],
        )
        for name, model in report.models.items():
            if model.expected_cost_overall is not None:
                expected.add_metric([name], model.expected_cost_overall)
            for reason, count in model.reasons.items():
                decisions.add_metric([name, reason], count)
            for outcome, count in (
                ("rated", model.rated),
                ("costed", model.costed),
                ("timed", model.timed),
            ):
                feedback.add_metric([name, outcome], count)
            failures.add_metric([name], model.failed)
            anomalies.add_metric([name], model.cost_anomalies)
            cost.add_metric([name], model.cost)
            if model.predicted_rate is not None:
                predicted.add_metric([name], model.predicted_rate)
        return decisions, feedback, failures, anomalies, cost, predicted, expected

    def _of_router(self, report: Report) -> Iterable[Metric]:
        counter, gauge = self._core.CounterMetricFamily, self._core.GaugeMetricFamily
        for name, text, field in (
            ("virtual_queue", "Satisfaction owed, in rated requests.", "backlog"),
            ("sla_target_ratio", "Satisfaction rate agreed on.", "target"),
            (
                "satisfaction_ratio",
                "Mean satisfaction of rated requests.",
                "satisfaction_rate",
            ),
            ("satisfaction_bound_ratio", "Rate that is certain.", "lower_bound"),
        ):
            family = gauge(f"messplus_{name}", text, labels=["sla"])
            for sla, part in report.slas.items():
                value = getattr(part, field)
                if value is not None:
                    family.add_metric([sla], value)
            yield family
        capped = counter(
            "messplus_price_capped",
            "Requests decided at the highest price of satisfaction there may be.",
            labels=["sla"],
        )
        for sla, part in report.slas.items():
            capped.add_metric([sla], part.price_capped)
        yield capped
        for name, text, field in (
            ("limit_queue", "Usage beyond a limit, in calls at the limit.", "backlog"),
            ("limit", "Bound on the mean per call.", "limit"),
            ("limited_mean", "Mean per call.", "mean"),
        ):
            family = gauge(f"messplus_{name}", text, labels=["resource"])
            for resource, bound in report.limits.items():
                value = getattr(bound, field)
                if value is not None:
                    family.add_metric([resource], value)
            yield family
        yield from self._of_evidence(report)
        yield gauge("messplus_pending_decisions", "Decisions not rated yet.", report.pending)
        yield counter(
            "messplus_pending_expired", "Decisions forgotten before a rating came.", report.evicted
        )
        yield counter(
            "messplus_exploration", "Requests drawn for exploration.", report.reasons["explore"]
        )
        featurizer = counter(
            "messplus_featurizer_failures", "Requests routed without features.", labels=["kind"]
        )
        featurizer.add_metric(["error"], report.featurizer_errors)
        featurizer.add_metric(["timeout"], report.featurizer_timeouts)
        yield featurizer
        errors = counter("messplus_state_errors", "Failures to record.", labels=["kind"])
        for kind, count in report.state_errors.items():
            errors.add_metric([kind], count)
        yield errors

    def _of_evidence(self, report: Report) -> Iterable[Metric]:
        gauge = self._core.GaugeMetricFamily
        interval = gauge(
            "messplus_satisfaction_interval_ratio",
            "Ends of the 95 % interval for the true rate of rated requests.",
            labels=["sla", "end"],
        )
        status = gauge("messplus_status", "One for the status it has.", labels=["sla", "status"])
        for sla, part in report.slas.items():
            for end, value in zip(("low", "high"), part.interval or (), strict=False):
                interval.add_metric([sla, end], value)
            for name in get_args(Status):
                status.add_metric([sla, name], float(name == part.status))
        return interval, status

    def _of_durations(self, report: Report) -> Iterable[Metric]:
        for kind, name, text in (
            ("select", "select_duration", "Seconds one select took, features included."),
            ("featurize", "featurize_duration", "Seconds one prompt took to become features."),
            ("feedback", "feedback_delay", "Seconds from a decision to its first feedback."),
        ):
            durations = report.durations[kind]
            bounds = [*map(str, durations.bounds), "+Inf"]
            buckets = list(zip(bounds, accumulate(durations.counts), strict=True))
            family = self._core.HistogramMetricFamily(f"messplus_{name}_seconds", text)
            family.add_metric([], buckets, durations.seconds)
            yield family


def register(router: Router, registry: CollectorRegistry | None = None) -> RouterCollector:
    """Register a router with ``prometheus_client``, in its default registry or another.

    Parameters
    ----------
    router
        The router to report on.
    registry
        The registry.

    Returns
    -------
    RouterCollector
        What was registered, for ``registry.unregister``.
    """
    collector = RouterCollector(router)
    (registry or require("prometheus_client", "metrics").REGISTRY).register(collector)
    return collector

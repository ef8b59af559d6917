"""Prometheus metrics of how a router stands to its fleet; without values where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from .fleet import FleetReport

_GAUGES = (
    ("replicas", "Replicas alive when the log was last seen.", "replicas"),
    ("share_ratio", "Share of the fleet's requests that this replica decides.", "share"),
    ("position", "Batches of the log that are folded here.", "position"),
    ("staleness_seconds", "Since this replica last knew all of the log.", "staleness_seconds"),
    ("unsent", "Decisions and outcomes not known to be in the log.", "unsent"),
    ("degraded", "One while the log is away: the replica routes on alone.", "degraded"),
)
_COUNTERS = (
    ("given_up", "Decisions and outcomes given up as the log was away for too long.", "given_up"),
    ("refused", "Outcomes in the log that broke a rule.", "refused"),
    ("lost", "Outcomes in the log whose decision never came.", "lost"),
    ("damaged", "Batches of the log that nobody can read.", "damaged"),
)


def of_fleet(core: Any, fleet: FleetReport | None) -> Iterator[Metric]:  # noqa: ANN401
    """Yield every metric.

    Parameters
    ----------
    core
        ``prometheus_client.core``, which is imported at use.
    fleet
        How the router stands; None where it has no fleet.
    """
    kinds = ((core.GaugeMetricFamily, _GAUGES), (core.CounterMetricFamily, _COUNTERS))
    for family, metrics in kinds:
        for name, text, field in metrics:
            metric = family(f"messplus_fleet_{name}", text, labels=[])
            if fleet is not None:
                metric.add_metric([], float(getattr(fleet, field)))
            yield metric

"""A report as a short text: what ``print(router.report())`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._text_table import format_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .fleet import FleetReport
    from .parts import LimitReport, ModelReport, SLAReport, SpanModel


def text(
    slas: Mapping[str, SLAReport],
    limits: Mapping[str, LimitReport],
    models: Mapping[str, ModelReport],
    fleet: FleetReport | None,
) -> str:
    """Write it: a line or two per service level and limit, and a table of the models."""
    others = [] if fleet is None else [f"fleet: {fleet}"]
    return "\n".join([*_levels(slas), *_limits(limits), *others, "", model_table(models)])


def _levels(slas: Mapping[str, SLAReport]) -> Iterator[str]:
    for name, sla in slas.items():
        agreed = f"{percent(sla.target)} agreed" if sla.target else "no rate agreed"
        requests = f"{sla.rated:,} of {sla.decisions:,} requests rated"
        status = sla.status.replace("_", " ")
        if sla.satisfaction_rate is None or sla.lower_bound is None:
            yield f"sla {name}: {agreed}, {requests} ({status})"
            continue
        satisfied = percent(sla.satisfaction_rate)
        interval = f"true rate {between(sla.interval)} (95 %)" if sla.interval else "no interval"
        yield f"sla {name}: {satisfied} satisfied, {agreed} ({status}); {interval}"
        certain = f"rate of the rated at least {percent(sla.lower_bound)} by the books"
        yield f"  {requests}; {certain}; backlog {sla.backlog:.2f}; cost {sla.cost:.6g}"


def _limits(limits: Mapping[str, LimitReport]) -> Iterator[str]:
    for name, limit in limits.items():
        mean = "none yet" if limit.mean is None else f"{limit.mean:.4g}"
        yield (
            f"limit {name}: mean {mean}, {limit.limit:.4g} agreed, over {limit.calls:,} calls; "
            f"backlog {limit.backlog:.2f}"
        )


def model_table(models: Mapping[str, ModelReport] | Mapping[str, SpanModel]) -> str:
    """A row per model."""
    total = sum(model.selected for model in models.values()) or 1
    rows = [
        (
            name,
            f"{model.selected:,}",
            percent(model.selected / total),
            f"{model.rated:,}",
            "" if model.satisfaction_rate is None else percent(model.satisfaction_rate),
            "" if not model.costed else f"{model.cost / model.costed:.4g}",
            f"{model.cost:.6g}",
        )
        for name, model in models.items()
    ]
    header = ("model", "requests", "share", "rated", "satisfied", "mean cost", "cost")
    return format_table(header, rows)


def between(interval: tuple[float, float]) -> str:
    """Two shares."""
    return " to ".join(percent(bound) for bound in interval)


def percent(share: float) -> str:
    """A share."""
    return f"{100 * share:.1f} %"

"""A router's account of a span of time: a month, a day, the last hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from math import sqrt
from typing import TYPE_CHECKING

from messplus.exceptions import InputError

from .calendar import KEPT, LENGTHS
from .parts import SpanModel, SpanSLA
from .text import between, model_table, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .calendar import Calendar, Slot

_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class SpanReport:
    """A router's account of a span of time, UTC. What is reported later counts when it comes.

    Attributes
    ----------
    since, until
        Its first moment, and the first after it; None where it is still running.
    recorded_since
        When the calendar begins; later than ``since`` where nothing is known of the time before.
    resolution
        What it is added up from: ``day``, ``hour`` or ``minute``.
    slas, models
        Per service level, and per model that is or was in the zoo.
    decisions, rated, costed, cost
        Sums over the service levels.
    most_expensive
        What the most expensive model was expected to cost for all its requests: an estimate.
    slots
        What it is added up from.
    """

    since: datetime
    until: datetime | None
    recorded_since: datetime | None
    resolution: str
    slas: Mapping[str, SpanSLA]
    models: Mapping[str, SpanModel]
    decisions: int
    rated: int
    costed: int
    cost: float
    most_expensive: float
    slots: Sequence[Slot]

    def __str__(self) -> str:
        """A short text: the span, service levels, models."""
        return "\n".join([_span(self), *_levels(self), "", model_table(self.models)])


def build(
    calendar: Calendar, decisions: int, since: date | datetime, until: date | datetime | None
) -> SpanReport:
    """Add up what a calendar knows of a span.

    Parameters
    ----------
    calendar
        The calendar.
    decisions
        Requests decided so far: a router that has some, and no calendar, cannot tell when.
    since, until
        The first moment of the span, and the first after it; dates begin at midnight UTC.

    Raises
    ------
    InputError
        For moments without a time zone, in the wrong order, or that the calendar cannot tell apart.
    """
    first = _moment("since", since)
    last = None if until is None else _moment("until", until)
    if last is not None and last <= first:
        raise InputError(f"until: must be after since, got {_show(last)}")
    if decisions and not calendar.slots["day"]:
        rule = "must be asked of a router in a folder, which keeps a calendar"
        raise InputError(f"since: {rule}, got one in memory")
    resolution = _resolution(calendar, first, last)
    slots = tuple(
        slot
        for slot in calendar.slots[resolution]
        if first <= slot.start and (last is None or slot.start < last)
    )
    slas = {name: _sla(slots, index) for index, name in enumerate(calendar.slas)}
    days = calendar.slots["day"]
    return SpanReport(
        since=_utc(first),
        until=None if last is None else _utc(last),
        recorded_since=_utc(days[0].start) if days else None,
        resolution=resolution,
        slas=slas,
        models={name: _model(slots, index) for index, name in enumerate(calendar.models)},
        decisions=sum(sla.decisions for sla in slas.values()),
        rated=sum(sla.rated for sla in slas.values()),
        costed=sum(sla.costed for sla in slas.values()),
        cost=sum(sla.cost for sla in slas.values()),
        most_expensive=sum(slot.most_expensive for slot in slots),
        slots=slots,
    )


def wilson(satisfied: float, rated: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval for the rate of one span, looked at once; None without ratings."""
    if not rated:
        return None
    # Revisions of earlier ratings may bring the sum of a short span out of range.
    p, z2 = min(max(satisfied / rated, 0.0), 1.0), _NORMAL_95**2 / rated
    middle, half = p + z2 / 2, _NORMAL_95 * sqrt(p * (1 - p) / rated + z2 / (4 * rated))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def _resolution(calendar: Calendar, first: int, last: int | None) -> str:
    """The coarsest kind of slot that begins at both moments and reaches back to the first."""
    aligned = False
    for name in ("day", "hour", "minute"):
        if first % LENGTHS[name] or (last is not None and last % LENGTHS[name]):
            continue
        aligned = True
        ring = calendar.slots[name]
        if len(ring) < KEPT[name] or first >= ring[0].start:
            return name
    if aligned and first % LENGTHS["day"] == 0 and (last is None or last % LENGTHS["day"] == 0):
        oldest = _show(calendar.slots["day"][0].start)
        raise InputError(
            f"since: must not be before the first day kept, {oldest}, got {_show(first)}"
        )
    name = "until" if first % LENGTHS["day"] == 0 else "since"
    found = _show(first if last is None or name == "since" else last)
    raise InputError(
        f"{name}: must be a midnight UTC, or a full hour or minute that is still kept "
        f"(the latest {KEPT['hour']} and {KEPT['minute']}), got {found}"
    )


def _sla(slots: Sequence[Slot], index: int) -> SpanSLA:
    sums = [slot.slas[index] for slot in slots]
    rated, costed = sum(s.rated for s in sums), sum(s.costed for s in sums)
    satisfaction = sum(s.satisfaction for s in sums)
    return SpanSLA(
        decisions=sum(s.decided - s.cancelled for s in sums),
        rated=rated,
        satisfaction_rate=satisfaction / rated if rated else None,
        target=sum(s.target for s in sums) / rated if rated else None,
        interval=wilson(satisfaction, rated),
        costed=costed,
        cost=sum(s.cost for s in sums),
    )


def _model(slots: Sequence[Slot], index: int) -> SpanModel:
    sums = [slot.models[index] for slot in slots]
    rated = sum(s.rated for s in sums)
    return SpanModel(
        selected=sum(s.selected - s.cancelled for s in sums),
        failed=sum(s.failed for s in sums),
        rated=rated,
        satisfaction_rate=sum(s.satisfaction for s in sums) / rated if rated else None,
        costed=sum(s.costed for s in sums),
        cost=sum(s.cost for s in sums),
    )


def _span(report: SpanReport) -> str:
    until = "now" if report.until is None else f"{report.until:%Y-%m-%d %H:%M} UTC"
    line = f"from {report.since:%Y-%m-%d %H:%M} UTC to {until}"
    if report.recorded_since is not None and report.recorded_since > report.since:
        line += f", recorded since {report.recorded_since:%Y-%m-%d}"
    return line


def _levels(report: SpanReport) -> Iterator[str]:
    for name, sla in report.slas.items():
        requests = f"{sla.rated:,} ratings, {sla.decisions:,} requests, cost {sla.cost:.6g}"
        if sla.satisfaction_rate is None or sla.target is None:
            yield f"sla {name}: {requests}"
            continue
        agreed = f"{percent(sla.target)} agreed" if sla.target else "no rate agreed"
        interval = f"true rate {between(sla.interval)} (95 %)" if sla.interval else "no interval"
        yield f"sla {name}: {percent(sla.satisfaction_rate)} satisfied, {agreed}; {interval}"
        yield f"  {requests}"


def _moment(name: str, value: date | datetime) -> int:
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise InputError(f"{name}: must be a date or a datetime, got {value!r}")
        value = datetime.combine(value, time(tzinfo=UTC))
    if value.utcoffset() is None:
        raise InputError(f"{name}: must have a time zone, got {value}")
    seconds = value.timestamp()
    if seconds % 1.0:
        raise InputError(f"{name}: must be a full minute, got {value}")
    return int(seconds)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _show(seconds: int) -> str:
    return f"{_utc(seconds):%Y-%m-%d %H:%M} UTC"

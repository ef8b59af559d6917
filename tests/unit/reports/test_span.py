"""Reports of a span of time: their sums, and what they refuse to answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from messplus import SLA, InputError, Router
from messplus.cli import main
from messplus.reports.calendar import KEPT, LENGTHS, Calendar, LevelSums, ModelSums, Slot
from messplus.reports.span import build, wilson
from tests.unit.reports.test_compliance import Page
from tests.zoo import MODELS, StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO = date(2020, 1, 1)
FIRST = datetime(2026, 9, 1, tzinfo=UTC)


def made_up(days: int) -> Calendar:
    """A request per minute; those of every other day satisfied."""
    end = FIRST.timestamp() + 86_400 * days

    def slot(start: float, length: int) -> Slot:
        n, day = length // 60, (start - FIRST.timestamp()) // 86_400
        level = LevelSums(n, 0, n, n, n * (day % 2), n * 0.8, n * 2.0)
        model = ModelSums(n, 0, 0, n, n, n * (day % 2), n * 2.0)
        return Slot(int(start), 0, n * 0.7, 0.1, n * 5.0, [level], [model])

    return Calendar(
        ["default"],
        ["small"],
        {
            name: [
                slot(end - length * before, length)
                for before in range(min(KEPT[name], 86_400 * days // length), 0, -1)
            ]
            for name, length in LENGTHS.items()
        },
    )


def test_a_month_is_the_sum_of_its_days() -> None:
    october = build(made_up(70), 1, date(2026, 10, 1), date(2026, 11, 1))
    minutes = 31 * 1440
    assert (october.resolution, october.decisions, october.rated) == ("day", minutes, minutes)
    sla = october.slas["default"]
    assert sla.cost == 2.0 * minutes
    assert sla.target == pytest.approx(0.8)
    assert sla.satisfaction_rate == pytest.approx(15 / 31)
    assert sla.interval == wilson(15 * 1440, minutes)
    assert october.models["small"].selected == minutes
    assert october.recorded_since == FIRST
    assert "from 2026-10-01 00:00 UTC to 2026-11-01 00:00 UTC" in str(october)
    rest = build(made_up(70), 1, date(2026, 11, 1), None)
    assert (rest.decisions, rest.until) == (9 * 1440, None)


def test_hours_and_minutes_answer_while_they_are_kept() -> None:
    calendar = made_up(3)
    day = datetime(2026, 9, 3, tzinfo=UTC)
    hours = build(calendar, 1, day + timedelta(hours=1), day + timedelta(hours=4))
    assert (hours.resolution, hours.decisions) == ("hour", 180)
    minutes = build(calendar, 1, day + timedelta(hours=23, minutes=30), None)
    assert (minutes.resolution, minutes.decisions) == ("minute", 30)
    # An hour of another time zone is one of UTC, and its midnight is not.
    zone = timezone(timedelta(hours=2))
    local = build(calendar, 1, datetime(2026, 9, 3, 12, tzinfo=zone), None)
    assert (local.since, local.resolution) == (datetime(2026, 9, 3, 10, tzinfo=UTC), "hour")
    with pytest.raises(InputError, match=r"since: must be a midnight UTC, or a full hour .*22:00"):
        build(calendar, 1, datetime(2026, 9, 1, tzinfo=zone), None)


def test_what_is_no_longer_kept_is_refused() -> None:
    calendar = made_up(KEPT["day"])
    with pytest.raises(
        InputError, match="since: must not be before the first day kept, 2026-09-01"
    ):
        build(calendar, 1, date(2026, 8, 31), None)
    assert build(calendar, 1, date(2026, 9, 1), None).decisions == 92 * 1440
    # Where the calendar is not full, there was nothing before.
    assert build(made_up(5), 1, LONG_AGO, None).decisions == 5 * 1440


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        (datetime(2026, 9, 1), None, "since: must have a time zone"),
        (FIRST, FIRST, "until: must be after since"),
        (FIRST + timedelta(seconds=1.5), None, "since: must be a full minute"),
        (FIRST + timedelta(seconds=30), None, "since: must be a midnight UTC"),
        (FIRST, FIRST + timedelta(seconds=90), "until: must be a midnight UTC"),
        ("2026-09-01", None, "since: must be a date"),
    ],
)
def test_other_moments_are_refused(since: datetime, until: datetime | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(made_up(5), 5, since, until)


def test_a_router_in_memory_cannot_tell_when() -> None:
    router = make_router()
    assert router.report(since=LONG_AGO).decisions == 0
    router.select("x")
    with pytest.raises(InputError, match="since: must be asked of a router in a folder"):
        router.report(since=LONG_AGO)
    with pytest.raises(InputError, match="since: must be given with until"):
        router.report(until=LONG_AGO)  # type: ignore[call-overload]


def test_the_calendar_adds_up_to_the_report(tmp_path: Path) -> None:
    with Router.open(tmp_path, MODELS, SLA(0.7), featurizer=StubFeaturizer()) as router:
        for index in range(60):
            decision = router.select(f"prompt {index}")
            router.feedback(decision, index % 3 > 0 if index % 2 else None, cost=2.0)
            if index % 10 == 1:
                router.feedback(decision, index % 3 == 0, replace=True)
        router.failed(router.select("a call that fails"))
        router.cancel(router.select("a call that is not made"))
        router.observe("served elsewhere", MODELS[0].name, satisfied=True, cost=3.0, count=True)
        report, span, calendar = router.report(), router.report(since=LONG_AGO), router.calendar()
        assert (span.decisions, span.rated) == (report.decisions + 1, report.rated) == (62, 31)
    sla = span.slas["default"]
    assert sla.satisfaction_rate == pytest.approx(report.satisfaction_rate)
    assert sla.target == pytest.approx(0.7)
    assert sla.costed == 61
    assert span.cost == pytest.approx(report.cost)
    for name, model in report.models.items():
        part = span.models[name]
        assert (part.selected, part.failed) == (model.selected, model.failed)
        assert (part.rated, part.costed) == (model.rated, model.costed)
        assert part.satisfaction_rate == pytest.approx(model.satisfaction_rate)
    for length, ring in calendar.slots.items():
        assert 1 <= len(ring) <= 2  # a minute may have ended meanwhile
        assert all(slot.start % LENGTHS[length] == 0 for slot in ring)
        assert sum(slot.slas[0].decided for slot in ring) == 63
        assert ring[-1].backlog == pytest.approx(report.backlog)
    # The journal alone brings all of it back, and so does the state.
    with Router.open(tmp_path, featurizer=StubFeaturizer()) as again:
        assert again.calendar() == calendar


def test_wilson_s_interval() -> None:
    # Wilson 1927, by hand: 8 of 10 gives 0.490 to 0.943.
    low, high = wilson(8.0, 10) or (0.0, 0.0)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0.0, 0) is None


def test_the_command_writes_text_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, out = str(tmp_path / "state"), tmp_path / "page.html"
    with Router.open(state, MODELS, SLA(0.7), featurizer=StubFeaturizer()) as router:
        for index in range(60):
            router.feedback(router.select(f"prompt {index}"), satisfied=index % 5 > 0, cost=1.0)
    assert main(["report", state, "--since", "2026-01-01T00:00"]) == 0
    assert "80.0 % satisfied, 70.0 % agreed" in capsys.readouterr().out
    assert (
        main(["report", state, "--since", "2026-01-01", "--html", str(out), "--unit", "USD"]) == 0
    )
    page = Page(out.read_text())
    assert "The service level was kept: 80.0 % of 60 rated requests satisfied" in page.text
    assert "From 2026-01-01 on" in page.text
    assert "Costs in USD" in page.text
    assert main(["report", state, "--since", "November"]) == 2
    assert "since: must be a date such as" in capsys.readouterr().err
    assert main(["report", state, "--until", "2026-01-01"]) == 2

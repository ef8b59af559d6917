"""An evaluation as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messplus.reports._text_table import format_table

if TYPE_CHECKING:
    from .intervals import Interval
    from .results import Evaluation, PolicyEstimate

_HOW = {"logged": "as logged", "fixed": "estimated", "learning": "simulated"}
_NOTES = """\
simulated: as it would have learned on these requests; the interval is that of one run
estimated: doubly robust, of a policy that does not learn
95 % intervals speak of requests like these"""


def render(found: Evaluation) -> str:
    """Show what the log has, one row per policy and target, and what it cannot answer."""
    parts = [_head(found), _models(found), _rows(found), _NOTES]
    warned = [
        f"{_name(row)}: the log cannot answer: {'; '.join(row.warnings)}"
        for row in found.rows
        if row.warned
    ]
    if warned:
        parts.append("\n".join(warned))
    return "\n\n".join(parts)


def _head(found: Evaluation) -> str:
    told = "as logged" if found.propensities == "logged" else "estimated from who was asked what"
    head = f"{found.log}: {found.requests:,} requests, {found.rated:,} rated; propensities {told}"
    if len(found.sources) > 1:
        listed = [
            f"{name or 'unnamed'} {mean:.4f} of {n:,}"
            + ("" if name in found.trusted else " (not trusted)")
            for name, (mean, n) in found.sources.items()
        ]
        head += f"\nratings by source: {', '.join(listed)}"
    return head


def _models(found: Evaluation) -> str:
    rows = [
        [one.model, f"{one.requests:,}", f"{one.rated:,}", f"{one.supported:.0%}"]
        for one in found.models
    ]
    return format_table(["model", "requests", "rated", "asked the like of"], rows)


def _rows(found: Evaluation) -> str:
    rows = [
        [
            row.policy,
            "" if row.target is None else f"{row.target:.4g}",
            *_columns(row.satisfaction, ".4f"),
            *_columns(row.cost, ".4g"),
            f"{row.ratings:,.0f}",
            _HOW[row.kind],
        ]
        for row in found.rows
    ]
    header = ["policy", "target", "satisfaction", "95 %", "cost", "95 %", "ratings", "how"]
    return format_table(header, rows)


def _columns(interval: Interval, form: str) -> tuple[str, str]:
    estimate, low, high = interval
    shown = "unknown" if estimate is None else f"{estimate:{form}}"
    if low is None or high is None:
        return shown, ""
    return shown, f"{low:{form}} to {high:{form}}"


def _name(row: PolicyEstimate) -> str:
    return row.policy if row.target is None else f"{row.policy} at {row.target:.4g}"

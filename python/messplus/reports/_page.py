"""What pages of HTML have in common: their templates, and how values are written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from messplus._optional import require


def fill(template: str, **values: object) -> str:
    """Fill a template of this folder; everything is escaped.

    Raises
    ------
    MissingDependencyError
        Without the extra ``report``.
    """
    jinja = require("jinja2", "report")
    environment = jinja.Environment(
        autoescape=True,
        undefined=jinja.StrictUndefined,
        keep_trailing_newline=True,
        loader=jinja.FileSystemLoader(Path(__file__).parent),
    )
    environment.filters |= {"percent": percent, "number": number, "span": span, "date": date}
    page: str = environment.get_template(template).render(values)
    return page


def date(seconds: float) -> str:
    """A moment, in seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def percent(share: float | None) -> str:
    """A share."""
    return "none" if share is None else f"{100 * share:.1f} %"


def span(interval: tuple[float, float] | None) -> str:
    """Two shares."""
    return "none" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


def number(value: float | None) -> str:
    """A number of any size."""
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

"""Whether a service level was kept, in one sentence."""

from __future__ import annotations

from typing import NamedTuple

from ._page import percent


class Verdict(NamedTuple):
    """``kept``, ``missed`` or ``open``, and the sentence that says so."""

    kind: str
    text: str


def judge(
    rate: float | None, target: float, interval: tuple[float, float] | None, rated: int
) -> Verdict:
    """Say how a service level stands.

    Parameters
    ----------
    rate, rated
        Mean satisfaction of the rated requests, and their number.
    target
        What was agreed.
    interval
        Confidence interval for the true rate.
    """
    if rate is None or interval is None:
        return Verdict("open", "No request has been rated yet: nothing can be said.")
    met = f"{percent(rate)} of {rated:,} rated requests satisfied, {percent(target)}"
    if rate >= target:
        sure = interval[0] >= target
        more = "" if sure else " The true rate may still lie below: see the interval."
        return Verdict("kept", f"The service level was kept: {met} agreed.{more}")
    if interval[1] >= target:
        text = f"The service level is open: {met} agreed, within the uncertainty."
        return Verdict("open", text)
    return Verdict("missed", f"The service level was missed: {met} agreed.")

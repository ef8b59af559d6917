"""The demo's outcome as a table in the shape of the published one."""

from collections.abc import Sequence

from messplus.reports._text_table import format_table

from .published import MODELS
from .route import Outcome
from .run import ROUTED, Result


def render(results: Sequence[Result]) -> str:
    """Show energy and satisfaction per benchmark and way of routing, and who served."""
    ways = list(results[0].outcomes)
    header = ["MJ and satisfaction", "target", *ways]
    rows = [
        [
            result.traffic.benchmark.name,
            f"{result.traffic.benchmark.target:.1%}",
            *(_cell(result.outcomes[way]) for way in ways),
        ]
        for result in results
    ]
    target = sum(result.traffic.benchmark.target for result in results) / len(results)
    rows.append(
        ["mean", f"{target:.1%}", *(_mean([r.outcomes[way] for r in results]) for way in ways)]
    )
    return f"{format_table(header, rows)}\n\n{_shares(results)}"


def _shares(results: Sequence[Result]) -> str:
    header = ["share served by", *(f"{name}: {' / '.join(MODELS)}" for name in ROUTED)]
    rows = [
        [
            result.traffic.benchmark.name,
            *(_share(outcome) for name in ROUTED if (outcome := result.outcomes[name])),
        ]
        for result in results
    ]
    return format_table(header, rows)


def _cell(outcome: Outcome | None) -> str:
    return "none" if outcome is None else f"{outcome.energy_mj:.2f}  {outcome.satisfaction:5.1%}"


def _mean(outcomes: Sequence[Outcome | None]) -> str:
    existing = [outcome for outcome in outcomes if outcome is not None]
    if len(existing) < len(outcomes):
        return "none"
    energy = sum(outcome.energy_mj for outcome in existing) / len(existing)
    satisfaction = sum(outcome.satisfaction for outcome in existing) / len(existing)
    return f"{energy:.2f}  {satisfaction:5.1%}"


def _share(outcome: Outcome) -> str:
    return " / ".join(f"{share:4.0%}" for share in outcome.share)

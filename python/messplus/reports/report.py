"""What a router has done so far, and what follows from it with certainty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .text import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .fleet import FleetReport
    from .parts import (
        CapReport,
        Durations,
        LimitReport,
        ModelReport,
        RandomisationReport,
        SLAReport,
        SourceReport,
        Status,
    )
    from .shadow import ShadowReport


@dataclass(frozen=True)
class Report:
    """A router's account since it was made.

    Attributes
    ----------
    slas
        Per service level; the only one is called ``default``.
    limits
        Per limited resource, ``cost`` or ``latency``.
    models
        Per model that is or was in the zoo, in the order they joined.
    target
        Mean of the service levels' targets, weighted by the requests each has accounted for.
    decisions, rated, imputed
        Sums over the service levels.
    satisfaction_rate
        Mean satisfaction of all rated requests; None without ratings.
    backlog
        Sum of the virtual queues of the service levels.
    lower_bound
        ``target - backlog / T``: the satisfaction rate over all requests is at least this, with
        certainty; None without ratings.
    feasible
        Whether nothing is ``out_of_reach``.
    status
        That of the service level that is worst off.
    sources
        Per source of ratings, how far it agrees with the truth.
    out_of_reach
        Service levels (``sla gold``) and limits (``limit cost``) that seem out of reach.
    exploration_share
        Share of decisions drawn for exploration; None without decisions.
    cost
        Sum of all reported costs, calls made for learning included.
    pending, evicted
        Decisions still waiting for their rating, and decisions dropped before it came.
    featurizer_errors
        Prompts that could not be turned into features and were routed without.
    featurizer_timeouts
        Prompts routed without features because they were not ready by the deadline.
    state_errors
        Failures to write the folder of :meth:`Router.open`, per kind: ``write``, ``sync``,
        ``snapshot``; transitions not recorded as the router was ``closed`` or ``forked``; times
        the ``folder`` or its lock was removed, and transitions after another process took it; what
        ``recovery`` found damaged or missing; and lines that could not be written to the ``log``.
    reasons
        Decisions per reason.
    shadow
        What the router would have done in shadow mode; None where it never was.
    randomisation
        What a minimum of randomisation has cost; None without ``epsilon``.
    max_cost
        How often caps on the expected cost of requests left models out.
    durations
        Since this process has had the router: of ``select``, of turning one prompt into features
        (``featurize``), and of waiting for the first ``feedback``. Ignored when reports are
        compared.
    fleet
        How this replica stands to its fleet; None for a router of one process. In a fleet all
        other figures but the durations are of all replicas, as far as this one has read their log.
        Ignored when reports are compared.
    """

    slas: Mapping[str, SLAReport]
    limits: Mapping[str, LimitReport]
    models: Mapping[str, ModelReport]
    target: float
    decisions: int
    rated: int
    imputed: int
    satisfaction_rate: float | None
    backlog: float
    lower_bound: float | None
    feasible: bool
    status: Status
    sources: Mapping[str, SourceReport]
    out_of_reach: tuple[str, ...]
    exploration_share: float | None
    cost: float
    pending: int
    evicted: int
    featurizer_errors: int
    featurizer_timeouts: int
    state_errors: Mapping[str, int]
    reasons: Mapping[str, int]
    shadow: ShadowReport | None
    randomisation: RandomisationReport | None
    max_cost: CapReport
    durations: Mapping[str, Durations] = field(compare=False)
    fleet: FleetReport | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """A short text: service levels, limits, fleet, models."""
        return text(self.slas, self.limits, self.models, self.fleet)

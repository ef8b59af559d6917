"""How a router stands to the other replicas of its fleet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FleetReport:
    """How a replica stands to its fleet.

    Attributes
    ----------
    address
        Where the log is kept, without a password.
    replicas
        Replicas alive when the log was last seen, this one included.
    share
        This replica's share of their requests, in (0, 1]; 0 for one who looks and is no replica.
    position
        Batches of the log that are folded here; replicas at one position agree bit for bit.
    staleness_seconds
        Since this replica last knew all of the log.
    unsent
        Decisions and outcomes of this replica that are not known to be in the log.
    given_up
        Those that were given up, 256 MiB of them being the most that is kept while the log is away.
    degraded
        Whether the log has been away for more than a second: the replica routes on with what it
        knows, and sends what it keeps when the log returns.
    refused, lost, damaged
        In the whole log: outcomes that broke a rule, such as a request rated a second time;
        outcomes whose decision never came; batches that nobody can read.
    error
        What went wrong last, while degraded.
    """

    address: str
    replicas: int
    share: float
    position: int
    staleness_seconds: float
    unsent: int
    given_up: int
    degraded: bool
    refused: int
    lost: int
    damaged: int
    error: str | None

    def __str__(self) -> str:
        """In a line."""
        told = [f"{self.replicas:,} {'replica' if self.replicas == 1 else 'replicas'}"]
        if self.share:
            told.append(f"{self.share:.0%} of requests here")
        told.append(f"batch {self.position:,}")
        if self.degraded:
            told.append(f"DEGRADED for {self.staleness_seconds:,.0f} s: {self.error}")
        counts = {
            "unsent": self.unsent,
            "given up": self.given_up,
            "refused": self.refused,
            "lost": self.lost,
            "damaged": self.damaged,
        }
        return ", ".join([*told, *(f"{count:,} {name}" for name, count in counts.items() if count)])

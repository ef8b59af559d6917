"""How a router stands to a fleet: it may come to have one while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .holder import Holder
    from .member import Member


class Membership:
    """What a router has of a fleet.

    Attributes
    ----------
    member
        What carries batches between the router and its fleet, once it has one.
    holder
        What makes a fleet of it when another process wants its folder as well.
    """

    def __init__(self, member: Member | None = None) -> None:
        self.member = member
        self.holder: Holder | None = None

    def join(self, member: Member) -> None:
        """Be in a fleet from now on."""
        self.member = member

    def refresh(self) -> None:
        """Take in what happened up to now, where that takes no network."""
        if self.member is not None:
            self.member.refresh()

    def close(self) -> None:
        """Send the rest, and leave."""
        if self.holder is not None:
            self.holder.close()
        if self.member is not None:
            self.member.close()

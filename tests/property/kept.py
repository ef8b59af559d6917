"""A router in a folder that goes away and comes back, the same to the bit however it does."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from messplus import SLA, Limit, Model, Policy, Router, Shadow
from tests.zoo import StubFeaturizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.property.books import Books

MODELS = (Model("a", 1.0), Model("b", 2.0), Model("c", 5.0))
CAPACITY, AGE = 6, 60
CREDIT = {"default": 2.0, "paper": 0.0}
SHM = Path("/dev/shm")
sources = st.sampled_from([None, None, "user", "judge", "code"])
agreements = st.fixed_dictionaries(
    {
        "gold": st.builds(SLA, st.sampled_from([0.8, 0.9]), sources),
        "free": st.builds(SLA, st.sampled_from([0.4, 0.5]), sources),
    }
)
audits = st.sampled_from([0.0, 0.0, 0.5, 1.0])
silences = st.sampled_from(["ignore", "predicted", "unsatisfied"])


class Kept(RuleBasedStateMachine):
    """The ways a router in a folder ends, and what it is opened with again."""

    preset: Literal["default", "paper"] = "default"
    watches = False
    books: Books

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: nothing here is about disks.
        self.home = Path(tempfile.mkdtemp(dir=SHM if SHM.is_dir() else None))
        self.folder = self.home / "state"
        self.limited = self.preset == "default" and not self.watches
        self.settings: dict[str, Any] = {}
        #: Whether the zoo is the one the router was made with.
        self.zoo_as_made = True

    def teardown(self) -> None:
        if hasattr(self, "router"):
            self.router.close()
        shutil.rmtree(self.home)

    def make(self, shadow: Shadow | None, **chosen: Any) -> None:
        self.shadow = shadow
        self.settings = {"tag_features": 4, "pending_capacity": CAPACITY, "pending_age": AGE}
        self.settings |= {"cooldown": 5} | chosen
        self.open_agreed()

    def open_agreed(self, **amended: Any) -> None:
        """Open the folder under the settings it was made with, but for those amended since."""
        self.settings |= amended
        policy = (
            Policy.default(exploration=1.0, credit=CREDIT["default"])
            if self.preset == "default"
            else Policy.paper(v=0.5, lr=0.1, c=1.0)
        )
        self.router = Router.open(
            self.folder,
            MODELS,
            policy=policy,
            featurizer=StubFeaturizer(),
            shadow=self.shadow,
            durability="none",
            **self.settings,
        )

    def open_again(self) -> None:
        if self.shadow and self.shadow.model not in {model.name for model in self.router.models}:
            self.shadow = None
        self.router = Router.open(
            self.folder, featurizer=StubFeaturizer(), shadow=self.shadow, durability="none"
        )

    @rule()
    def checkpoint(self) -> None:
        self.router.checkpoint()

    @rule()
    def come_back(self) -> None:
        """Close the folder and open it: as before, and, where it watched, watching or live."""
        state = self.router.to_bytes()
        self.router.close()
        self.shadow = Shadow("b", explore=0.4) if self.watches and self.shadow is None else None
        self.open_again()
        assert self.router.to_bytes() == state

    @rule()
    def be_killed(self) -> None:
        """Go on with what a killed process would leave: a copy of the folder as it is."""
        state = self.router.to_bytes()
        self.die()
        self.open_again()
        assert self.router.recovery is not None
        assert self.router.recovery.notes == ()
        assert self.router.to_bytes() == state

    def die(self) -> None:
        copy = self.home / "copy"
        shutil.copytree(self.folder, copy)
        (copy / "lock").unlink(missing_ok=True)
        self.router.close()
        shutil.rmtree(self.folder)
        copy.rename(self.folder)

    @rule()
    def save_and_load(self) -> None:
        state = self.router.to_bytes()
        assert Router.from_bytes(state, featurizer=StubFeaturizer()).to_bytes() == state

    # What is agreed changes, while it serves or while it is opened.

    @rule(
        slas=st.none() | agreements,
        audit=st.none() | audits,
        missing=st.none() | silences,
        mean=st.none() | st.sampled_from([1.0, 3.0]),
    )
    def amend(self, slas: Any, audit: float | None, missing: Any, mean: float | None) -> None:
        mean = mean if self.limited else None
        self.settings |= self.to_settings(slas, audit, missing, mean)
        self.router.amend(**self.to_settings(slas, audit, missing, mean))
        self.books.amend(slas, audit, missing, mean)

    @precondition(lambda self: self.zoo_as_made)
    @rule(slas=agreements, audit=audits, missing=silences, killed=st.booleans())
    def open_with_other_settings(self, slas: Any, audit: float, missing: Any, killed: bool) -> None:
        self.die() if killed else self.router.close()
        before = dict(self.settings)
        self.open_agreed(slas=slas, audit=audit, missing=missing)
        self.books.amend(slas, audit, missing)
        assert self.router.recovery is not None
        changed = {note.split(":")[0] for note in self.router.recovery.notes}
        assert changed == {n for n in before if before[n] != self.settings[n]}

    @staticmethod
    def to_settings(slas: Any, audit: Any, missing: Any, mean: float | None) -> dict[str, Any]:
        limits = None if mean is None else [Limit("cost", mean)]
        given = {"slas": slas, "audit": audit, "missing": missing, "limits": limits}
        return {name: value for name, value in given.items() if value is not None}

    def refused(
        self, error: type[Exception] | tuple[type[Exception], ...], call: Callable[[], object]
    ) -> None:
        before = self.router.to_bytes()
        with pytest.raises(error):
            call()
        assert self.router.to_bytes() == before

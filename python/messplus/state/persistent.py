"""The life of a router across processes: folders, files, bytes."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from messplus import config
from messplus._core import Controller, Histogram
from messplus.exceptions import StateError
from messplus.featurizers.requests import DURATIONS, RequestFeatures
from messplus.logs.jsonl import JsonlLog
from messplus.shadow import checked

from .durable import open_controller

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, Unpack

    from messplus._schema import RouterSettings
    from messplus.agreement import SLA
    from messplus.config import Settings
    from messplus.featurizers.requests import AnyFeaturizer
    from messplus.models import Model
    from messplus.policies import Policy
    from messplus.shadow import Shadow

    from .durable import Recovery


class Persistent:
    """What :class:`Router` is made of, and how it is kept and found again."""

    def _set_up(
        self,
        core: Controller,
        features: RequestFeatures,
        log: str | Path | None,
        shadow: str | Shadow | None,
    ) -> None:
        self._shadow = checked(shadow, core.config)
        self._core = core
        self._features = features
        self._recovery: Recovery | None = None
        self._durations = Histogram(DURATIONS)
        self._jsonl = None if log is None else JsonlLog(log)

    @classmethod
    def open(
        cls,
        path: str | Path,
        models: Sequence[Model] | None = None,
        sla: SLA | None = None,
        policy: Policy | None = None,
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | None = None,
        shadow: str | Shadow | None = None,
        durability: Literal["group", "each", "none"] = "group",
        journal_bytes: int = 32 << 20,
        **settings: Unpack[Settings],
    ) -> Self:
        """The router kept in a folder: made there at first, found there after a restart or crash.

        Every transition is on file when :meth:`select` or :meth:`feedback` returns, so a killed
        process loses nothing. Feedback on decisions made before a restart is welcome. A disk that
        fails does not fail requests: the router routes on, logs it, counts it in
        ``report().state_errors``, and writes a snapshot as soon as it can.

        Parameters
        ----------
        path
            The folder; made, for its owner only, where it is missing.
        models, sla, policy, featurizer, log, shadow, settings
            As for the class; where the folder holds a router the settings may be left out.
        durability
            What power loss may cost: the last 50 milliseconds (``group``), nothing that a call
            returned for (``each``, some milliseconds per call), or what the operating system had
            not written yet (``none``).
        journal_bytes
            Size of a journal after which a snapshot is written.

        Raises
        ------
        ConfigError
            If a setting breaks its rule, or differs from that of the router found.
        StateLockedError
            If another process, or another router of this one, has the folder open.
        StateError
            If the folder cannot be read or written, or was made with another featurizer.
        """
        given = None
        if models is not None:
            agreed = config.given(models, sla, policy, **settings)
            features = RequestFeatures(featurizer, agreed.tag_features)
            featurizer = features.map.featurizer
            given = native(agreed, features)
        core, recovery = open_controller(Path(path), given, durability, journal_bytes)
        try:
            router = cls._resume(core, featurizer, log, shadow)
        except BaseException:
            core.close()
            raise
        router._recovery = recovery
        return router

    @property
    def recovery(self) -> Recovery | None:
        """How :meth:`open` found the folder; None where it made the router."""
        return self._recovery

    def checkpoint(self) -> None:
        """Write a snapshot and begin a new journal; nothing to do for a router in memory.

        Raises
        ------
        StateError
            If the snapshot cannot be written; the router goes on with the old one.
        """
        self._core.checkpoint()

    def close(self) -> None:
        """Write a snapshot and let go of the folder; nothing to do for a router in memory.

        A closed router still routes, in memory only, and counts what it does not record.
        """
        self._core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def to_bytes(self) -> bytes:
        """Everything needed to go on as if nothing had happened, versioned and checksummed."""
        return self._core.to_bytes()

    @classmethod
    def from_bytes(
        cls,
        state: bytes,
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | None = None,
        shadow: str | Shadow | None = None,
    ) -> Self:
        """The router that :meth:`to_bytes` saved.

        Raises
        ------
        StateError
            If the bytes are truncated, corrupt, of another format, or were made with another
            featurizer; the message names both.
        """
        return cls._resume(Controller.from_bytes(state), featurizer, log, shadow)

    @classmethod
    def _resume(
        cls,
        core: Controller,
        featurizer: AnyFeaturizer,
        log: str | Path | None,
        shadow: str | Shadow | None,
    ) -> Self:
        try:
            metadata = json.loads(json.loads(core.config)["metadata"])
        except (ValueError, KeyError):
            raise StateError("state: must be a router's, got a bare controller's") from None
        router = cls.__new__(cls)
        router._set_up(core, RequestFeatures.from_metadata(metadata, featurizer), log, shadow)
        return router

    def save(self, path: str | Path) -> None:
        """Write the state to a file: complete or not at all, readable by the owner only."""
        path = Path(path)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.to_bytes())
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | None = None,
        shadow: str | Shadow | None = None,
    ) -> Self:
        """The router that :meth:`save` wrote; raises as :meth:`from_bytes` does."""
        return cls.from_bytes(
            Path(path).read_bytes(), featurizer=featurizer, log=log, shadow=shadow
        )


def native(settings: RouterSettings, features: RequestFeatures) -> str:
    """Write settings and what is known of the featurizer as the core reads them."""
    metadata = json.dumps(features.metadata())
    return config.to_native(settings, features.map.n_features, metadata)

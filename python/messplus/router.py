"""The router applications embed: select a model for a prompt, feed back what became of it."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import config, report
from ._core import Controller, Decision
from .exceptions import FeaturizerError, InputError, StateError
from .featurizers import FeatureMap, StaticFeaturizer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from .config import SLA, Model, Policy
    from .featurizers import Featurizer
    from .report import Report

_log = logging.getLogger("messplus")


class Router:
    """Names the cheapest model that keeps the agreed long-run satisfaction rate.

    Safe to share between threads; every call is one atomic transition of the router's state.

    Parameters
    ----------
    models
        The zoo, 1 to 64 models.
    sla
        The service level to hold.
    policy
        How to route; the published algorithm :meth:`Policy.paper` by default.
    seed
        Seed of the generator that draws explorations: same seed and same calls, same decisions.
    featurizer
        Turns prompts into features; the embedded table by default.
    tag_features
        Length of the block that tags are hashed into; 0 where tags are not used.
    pending_capacity
        Most decisions remembered for later feedback; beyond it the oldest are forgotten, counted.

    Raises
    ------
    ConfigError
        If a setting breaks its rule; the message names it.

    Notes
    -----
    With backlog Q after T rated requests, the mean satisfaction of these requests is at least
    ``target - Q / T``: on every sample path, whatever was chosen (:meth:`report`). That Q stays
    small, and cost near the optimum, holds in expectation for i.i.d. requests and a zoo in which
    some model exceeds the target (MESS+, arXiv 2505.19947).

    Examples
    --------
    >>> from messplus import SLA, Model, Router
    >>> router = Router([Model("small", cost=0.2), Model("large", cost=3.0)], SLA(target=0.9))
    >>> decision = router.select("What is the capital of France?")
    >>> decision.model in ("small", "large")
    True
    >>> router.feedback(decision, satisfied=True, cost=0.21)
    """

    def __init__(
        self,
        models: Sequence[Model],
        sla: SLA,
        policy: Policy | None = None,
        *,
        seed: int = 0,
        featurizer: Featurizer | None = None,
        tag_features: int = 16,
        pending_capacity: int = 16_384,
    ) -> None:
        given: dict[str, Any] = {
            "models": list(models),
            "sla": sla,
            "seed": seed,
            "tag_features": tag_features,
            "pending_capacity": pending_capacity,
        }
        if policy is not None:
            given["policy"] = policy
        settings = config.validate(given)
        self._attach(featurizer, settings.tag_features)
        metadata = {"featurizer": self._features.identity, "tag_features": settings.tag_features}
        native = config.to_native(settings, self._features.n_features, json.dumps(metadata))
        self._core = Controller(native)

    def _attach(self, featurizer: Featurizer | None, tag_features: int) -> None:
        self._features = FeatureMap(featurizer or StaticFeaturizer(), tag_features)
        self._featurizer_errors = 0
        self._errors_lock = threading.Lock()

    @classmethod
    def from_config(cls, path: str | Path, *, featurizer: Featurizer | None = None) -> Router:
        """Make a router from a TOML or JSON file whose keys are the parameters of the class.

        Raises
        ------
        ConfigError
            If a key is unknown or missing, or a value breaks its rule; the message names the key.
        """
        settings = config.read(path)
        values = {name: getattr(settings, name) for name in type(settings).model_fields}
        return cls(**values, featurizer=featurizer)

    def select(
        self,
        prompt: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        features: npt.ArrayLike | None = None,
        costs: Mapping[str, float] | None = None,
        allowed: Collection[str] | None = None,
    ) -> Decision:
        """Choose the model that serves this request.

        Parameters
        ----------
        prompt
            Text of the request.
        tags
            What else is known about the request, for example ``{"task": "qa"}``.
        features
            Ready features instead of a prompt, float32, shape ``(n_features,)``: text features
            alone, or followed by a block of tags.
        costs
            Cost of this request per model where the caller knows it better than the learned mean;
            models may be left out.
        allowed
            Models that may serve this request; all by default.

        Raises
        ------
        InputError
            If an argument breaks its rule. Nothing has changed then.

        Notes
        -----
        A prompt that cannot be turned into features is routed without them: the decision's reason
        is ``fallback``, the error is logged without the text, and :meth:`report` counts it.
        """
        vector = self._vector(prompt, tags, features)
        return self._core.decide(vector, costs, allowed)

    def feedback(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None = None,
        *,
        cost: float | Mapping[str, float] | None = None,
        latency: float | Mapping[str, float] | None = None,
    ) -> None:
        """Say what became of a decision: late, in parts and in any order, but each part once.

        Parameters
        ----------
        decision
            The decision or its ``id``.
        satisfied
            Rating of the answer, bool or in ``[0, 1]``; a mapping where several models answered
            (``decision.also_query``) or another one than ``decision.model`` served.
        cost
            What the call cost, in the unit of the zoo, or a mapping by model.
        latency
            How long the call took in seconds, or a mapping by model.

        Raises
        ------
        FeedbackError
            If the decision is unknown, expired, or has this part already. Nothing has changed then.
        InputError
            If a value breaks its rule. Nothing has changed then.
        """
        self._core.observe(decision, satisfied, cost, latency)

    def report(self) -> Report:
        """Account for everything since the router was made."""
        return report.build(self._core.report(), self._featurizer_errors)

    def to_bytes(self) -> bytes:
        """Everything needed to go on as if nothing had happened, versioned and checksummed."""
        return self._core.to_bytes()

    @classmethod
    def from_bytes(cls, state: bytes, *, featurizer: Featurizer | None = None) -> Router:
        """The router that :meth:`to_bytes` saved.

        Raises
        ------
        StateError
            If the bytes are truncated, corrupt, of another format, or were made with another
            featurizer; the message names both.
        """
        core = Controller.from_bytes(state)
        try:
            metadata = json.loads(json.loads(core.config)["metadata"])
            expected, tag_features = metadata["featurizer"], metadata["tag_features"]
        except (ValueError, KeyError, TypeError):
            raise StateError("state: must be a router's, got a bare controller's") from None
        router = cls.__new__(cls)
        router._core = core
        router._attach(featurizer, tag_features)
        if router._features.identity != expected:
            found = router._features.identity
            raise StateError(f"featurizer: must be {expected!r} as in the state, got {found!r}")
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
    def load(cls, path: str | Path, *, featurizer: Featurizer | None = None) -> Router:
        """The router that :meth:`save` wrote; raises as :meth:`from_bytes` does."""
        return cls.from_bytes(Path(path).read_bytes(), featurizer=featurizer)

    def _vector(
        self,
        prompt: str | None,
        tags: Mapping[str, str] | None,
        features: npt.ArrayLike | None,
    ) -> npt.NDArray[np.float32] | None:
        if features is not None:
            return self._features.ready(features, tags)
        if prompt is None:
            raise InputError("prompt: needed where no features are given, got None")
        try:
            return self._features(prompt, tags)
        except FeaturizerError as error:
            # Whatever broke, the request must be served; the prompt itself is never logged.
            with self._errors_lock:
                self._featurizer_errors += 1
            _log.warning("routed without features: %s", error)
            return None

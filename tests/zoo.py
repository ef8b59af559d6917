"""A small zoo, and a featurizer that takes no time: what most tests route with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import SLA, Model, Policy, Router

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

N_FEATURES = 4
TAG_FEATURES = 8
MODELS = (Model("small", cost=1.0), Model("medium", cost=2.5), Model("large", cost=10.0))
NAMES = tuple(model.name for model in MODELS)


class StubFeaturizer:
    """Numbers in [-1, 1) taken from a digest of the prompt."""

    def __init__(self, identity: str = "stub", n_features: int = N_FEATURES) -> None:
        self.identity = identity
        self.n_features = n_features

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        digest = hashlib.shake_128(prompt.encode()).digest(self.n_features)
        return np.frombuffer(digest, np.uint8).astype(np.float32) / np.float32(128) - np.float32(1)

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.stack([self(prompt) for prompt in prompts])


def make_router(
    policy: Policy | None = None,
    *,
    models: Sequence[Model] = MODELS,
    target: float = 0.7,
    **kw: Any,
) -> Router:
    """A router over the stub featurizer; the penalty weight suits costs near one."""
    kw.setdefault("featurizer", StubFeaturizer())
    kw.setdefault("tag_features", TAG_FEATURES)
    return Router(models, SLA(target), policy or Policy.paper(v=0.5, lr=0.1, c=0.5), **kw)


def never_exploring() -> Policy:
    return Policy.paper(v=0.5, lr=0.1, c=0.0)


def always_exploring() -> Policy:
    return Policy.paper(v=0.5, lr=0.1, c=1e9)

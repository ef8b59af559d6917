"""Routers in folders, without an embedding table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from messplus import SLA, Model, Router

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

MODELS = [Model("small", cost=0.2), Model("large", cost=3.0)]


class Letters:
    """Counts of four letters: a featurizer without a table."""

    n_features = 4
    identity = "letters"

    def __call__(self, prompt: str) -> npt.NDArray[np.float32]:
        return np.array([prompt.count(letter) for letter in "aeio"], np.float32)

    def batch(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.stack([self(prompt) for prompt in prompts])


def opened(path: Path, **changes: object) -> Router:
    settings: dict[str, Any] = {"models": MODELS, "sla": SLA(0.9), "tag_features": 0}
    settings["featurizer"] = Letters()
    return Router.open(path, **(settings | changes))


def work(router: Router, n: int) -> list[str]:
    ids = []
    for index in range(n):
        decision = router.select("aeio" * (index % 5))
        router.feedback(decision, satisfied=index % 3 > 0, cost=0.1 * index)
        ids.append(router.select("later").id)
    return ids

"""MESS+ (arXiv 2505.19947) written down plainly, to be compared with: slow, and nothing clever.

One step t = 1, 2, ...:

    X_t ~ Bernoulli(min(1, c / t^(1/4)))
    X_t = 1:  query every model, serve the largest (the last of the zoo)
    X_t = 0:  serve argmin_m  V E_m + Q (alpha - p_m), the first where several are equal
    Q <- max(0, Q + alpha - s)

E_m is the mean of the costs of model m, the listed cost before the first. p_m is the sigmoid of an
affine function of the features, trained on the labels of exploring steps by gradient descent with
momentum on the cross-entropy plus ``l2 / 2`` times the squared norm of all its coefficients, each
gradient clipped to a largest norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
INCREMENT = 1


def draws(seed: int) -> np.random.Generator:
    """PCG-64 on stream 0, as its authors seed it: one step, add the seed, one step."""
    state = (INCREMENT + seed) * MULTIPLIER + INCREMENT
    generator = np.random.PCG64()
    generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": state % 2**128, "inc": INCREMENT},
        "has_uint32": 0,
        "uinteger": 0,
    }
    return np.random.Generator(generator)


class Head:
    """One logistic regression; the last coefficient belongs to the constant 1."""

    def __init__(self, n_features: int, lr: float, momentum: float, l2: float, clip: float) -> None:
        self.lr, self.momentum, self.l2, self.clip = lr, momentum, l2, clip
        self.theta = np.zeros(n_features + 1)
        self.velocity = np.zeros(n_features + 1)

    def predict(self, x: Array) -> float:
        return float(1 / (1 + np.exp(-(self.theta @ np.append(x, 1.0)))))

    def learn(self, x: Array, label: float) -> None:
        gradient = (self.predict(x) - label) * np.append(x, 1.0) + self.l2 * self.theta
        norm = np.linalg.norm(gradient)
        if norm > self.clip:
            gradient = gradient * self.clip / norm
        self.velocity = self.momentum * self.velocity - self.lr * gradient
        self.theta = self.theta + self.velocity


class PaperRouter:
    """The published algorithm over a zoo ordered by cost."""

    def __init__(
        self,
        costs: Sequence[float],
        alpha: float,
        v: float,
        c: float,
        n_features: int,
        seed: int,
        *,
        lr: float,
        momentum: float,
        l2: float,
        clip: float,
    ) -> None:
        self.alpha, self.v, self.c = alpha, v, c
        self.listed = list(costs)
        self.costs: list[list[float]] = [[] for _ in costs]
        self.heads = [Head(n_features, lr, momentum, l2, clip) for _ in costs]
        self.uniform = draws(seed)
        self.backlog = 0.0
        self.t = 0

    def expected_cost(self, model: int) -> float:
        costs = self.costs[model]
        return sum(costs) / len(costs) if costs else self.listed[model]

    def decide(self, x: Array) -> tuple[int, bool]:
        """The model that serves, and whether all models are queried."""
        self.t += 1
        if self.uniform.random() < min(1.0, self.c / self.t**0.25):
            return len(self.listed) - 1, True
        scores = [
            self.v * self.expected_cost(m) + self.backlog * (self.alpha - head.predict(x))
            for m, head in enumerate(self.heads)
        ]
        return int(np.argmin(scores)), False

    def observe(
        self, x: Array, model: int, ratings: Mapping[int, float], costs: Mapping[int, float]
    ) -> None:
        """Ratings and costs of the queried models, of which ``model`` served."""
        for m, cost in costs.items():
            self.costs[m].append(cost)
        if len(ratings) > 1:
            for m, rating in ratings.items():
                self.heads[m].learn(x, rating)
        self.backlog = max(0.0, self.backlog + self.alpha - ratings[model])

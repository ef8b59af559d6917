"""The default policy written down plainly, to be compared with: double precision, full matrices.

One step: choose ``argmin_m E_m / unit - lambda sigmoid(z_m + 1.25 sd_m)``, see
``docs/policy.md``. The core keeps variances in single precision, so probabilities agree to some
1e-5 and no further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.reference.paper import draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

FULL = 32


def sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(z, -36, 36))))


def geometric_mean(costs: Sequence[float]) -> float:
    """The unit of money; no mean counts as less than a ten-thousandth of the largest."""
    return float(np.exp(np.mean(np.log(np.maximum(costs, 1e-4 * max(costs))))))


class Belief:
    """Mean and covariance of the weights and of the intercept, the last of both.

    Correlations are kept among the first ``full`` weights alone.
    """

    def __init__(
        self, n: int, full: int, variance: float, intercept: float, intercept_variance: float
    ) -> None:
        self.full = min(n, full)
        self.prior = np.append(np.full(n, variance), intercept_variance)
        self.mean = np.append(np.zeros(n), intercept)
        self.covariance = np.diag(self.prior)

    def learn(self, x: Array, residual: float, total: float) -> None:
        px = self.covariance @ x
        self.mean = self.mean + px * residual / total
        reduced = self.covariance - np.outer(px, px) / total
        kept = np.eye(len(x), dtype=bool)
        kept[: self.full, : self.full] = True
        self.covariance = np.where(kept, reduced, 0.0)

    def variance(self, x: Array) -> float:
        return float(x @ self.covariance @ x)

    def forget(self, forgetting: float) -> None:
        """Widen D of covariance = U D U', nowhere beyond the prior."""
        # U is upper triangular with a unit diagonal: Cholesky from the last row to the first.
        flipped = np.linalg.cholesky(self.covariance[::-1, ::-1] + 1e-300 * np.eye(len(self.prior)))
        root = flipped[::-1, ::-1]
        diagonal = np.diag(root)
        unit = root / np.where(diagonal > 0, diagonal, 1.0)
        widened = np.minimum(diagonal**2 / forgetting, self.prior)
        self.covariance = unit @ np.diag(widened) @ unit.T


class Drift:
    def __init__(self) -> None:
        self.above = self.below = 0.0
        self.alarms = 0

    def observe(self, error: float) -> bool:
        error = float(np.clip(error, -3, 3))
        self.above = max(0.0, self.above + error - 0.25)
        self.below = max(0.0, self.below - error - 0.25)
        alarm = max(self.above, self.below) > 25
        if alarm:
            self.above = self.below = 0.0
            self.alarms += 1
        return alarm


class Model:
    """What is known about one model: its heads for log odds and log cost."""

    def __init__(self, n: int, cost: float, unit: float) -> None:
        self.listed = self.mean_cost = cost
        self.log_price = float(np.clip(np.log(cost / unit), -7, 7))
        self.odds = Belief(n, FULL, 0.1, 1.1, 0.8)
        self.scatter, self.weight = 20.0, 20.0
        self.log_cost = Belief(n, 0, 1.0, -0.15, 1.0)
        self.noise, self.costed, self.in_flight = 0.3, 0, 0.0
        self.cost_anomalies = 0
        self.drift, self.cost_drift = Drift(), Drift()


class DelayCompensator:
    """What ratings under way should bring."""

    def __init__(self) -> None:
        self.decided = self.rated = 0
        self.delay: float | None = None
        self.expected = self.open = self.bias = self.squares = self.fading = 0.0

    @property
    def share(self) -> float:
        if self.delay is None:
            return 1.0
        return min(1.0, self.rated / max(1.0, self.decided - 2 * self.delay))

    @property
    def keep(self) -> float:
        if self.delay is None:
            return 1.0
        return 2 * self.delay / (2 * self.delay + 1) if self.delay >= 0.25 else 0.0

    @property
    def owed(self) -> float:
        squared_error = (self.squares + 1.0) / (self.rated + 5)
        margin = 0.5 * np.sqrt((1 - self.share) * squared_error * self.rated)
        return float(self.share * (self.expected + self.bias * self.open) + margin)

    def expect(self, shortfall: float) -> tuple[float, float]:
        self.decided += 1
        self.expected = self.expected * self.keep + shortfall
        self.open = self.open * self.keep + 1
        self.fading += np.log(max(self.keep, 1e-9))
        return shortfall, self.fading

    def settle(self, expectation: tuple[float, float], shortfall: float, age: int) -> float:
        expected, fading = expectation
        self.rated += 1
        self.delay = age if self.delay is None else self.delay + 0.02 * (age - self.delay)
        error = shortfall - expected
        self.bias += (error - self.bias) / min(self.rated + 5, 100)
        self.squares += error**2
        faded = float(np.exp(min(0.0, self.fading - fading)))
        self.expected -= expected * faded
        self.open -= faded
        if self.keep == 0:
            self.expected = self.open = 0.0
            return np.inf
        return faded


class DefaultRouter:
    """The default policy over models with listed costs."""

    def __init__(self, costs: Sequence[float], alpha: float, n_features: int, seed: int) -> None:
        self.alpha = alpha
        self.models = [Model(n_features, cost, geometric_mean(costs)) for cost in costs]
        self.difficulty = Belief(n_features, FULL, 0.5, 0.0, 1.0)
        self.slope = Belief(0, 0, 0.0, 0.08, 0.02)
        # The shared log cost has no intercept: every model has its own.
        self.length = Belief(n_features, 0, 10.0, 0.0, 0.0)
        self.compensator = DelayCompensator()
        self.initial_dual = 0.7 * (max(costs) / geometric_mean(costs)) ** 0.7
        self.mean_log_dual, self.backlog = float(np.log1p(self.initial_dual / 0.4)), 0.0
        self.doubt = 0.0
        self.uniform = draws(seed)
        self.pending: dict[int, tuple[Array, tuple[float, float]]] = {}
        self.step = 0

    def price(self) -> float:
        compensator = self.compensator
        n = compensator.rated + 1
        held_back = compensator.share * (compensator.delay or 0.0)
        slack = 0.45 * np.sqrt(n + 25) + 0.02 * held_back
        slacks = (self.backlog + compensator.owed) / slack
        self.doubt = float(np.clip(slacks - 3, 0, 2))
        width = 2 + n / (1000 + 2 * held_back)
        slacks = width * np.tanh(slacks / width) if slacks > 0 else slacks
        log_dual = float(np.clip(slacks + 0.9 * self.mean_log_dual, 0, 12))
        if compensator.delay is None and compensator.decided > 2:
            steady = 0.4 * float(np.expm1(self.mean_log_dual))
            log_dual = max(log_dual, float(np.log1p(2 * steady / 0.4)))
        else:
            rate = compensator.share * 2 / (n + 60 + held_back)
            self.mean_log_dual += rate * (log_dual - self.mean_log_dual)
        return 0.4 * float(np.expm1(log_dual))

    def log_odds(self, model: Model, x: Array) -> float:
        priced = model.log_price * self.slope.mean[0]
        return float((self.difficulty.mean + model.odds.mean) @ x + priced)

    def look(self, x: Array) -> tuple[Array, Array, Array]:
        """Log odds, their standard deviations and expected costs, per model."""
        z = [self.log_odds(model, x) for model in self.models]
        variance = np.array([model.odds.variance(x) for model in self.models])
        under_way = np.array([self.compensator.share * model.in_flight for model in self.models])
        sd = np.sqrt(variance / (1 + 0.2 * under_way * variance))
        costs = [
            model.listed * np.exp((self.length.mean + model.log_cost.mean) @ x + model.noise / 2)
            for model in self.models
        ]
        return np.array(z), sd, np.array(costs)

    def scores(self, features: Array) -> tuple[Array, Array]:
        """Scores of the next request, and probabilities without optimism."""
        self.step += 1
        self.x = np.append(features * min(1.0, 4 / max(float(np.linalg.norm(features)), 1e-9)), 1.0)
        uniform = self.uniform.random() * self.compensator.share
        price = self.price()
        self.z, sd, costs = self.look(self.x)
        explores = uniform < min(1.0, 0.1 / (self.compensator.rated + 1) ** 0.25)
        optimism = 3.0 if explores else 1.25 + self.doubt
        unit = geometric_mean([model.mean_cost for model in self.models])
        optimistic = np.array([sigmoid(z) for z in self.z + optimism * sd])
        return costs / unit - price * optimistic, np.array([sigmoid(z) for z in self.z])

    def commit(self, served: int) -> None:
        """The request goes to this model."""
        own = np.sqrt(self.models[served].odds.variance(self.x))
        for model in self.models:
            model.in_flight *= self.compensator.keep
        self.models[served].in_flight += 1
        shortfall = self.alpha - sigmoid(self.z[served] + own)
        self.pending[self.step] = self.x, self.compensator.expect(shortfall)

    def learn_cost(self, step: int, served: int, cost: float) -> None:
        x, _ = self.pending[step]
        model = self.models[served]
        if cost == 0:
            model.cost_anomalies += 1
            return
        model.costed += 1
        expected = (self.length.mean + model.log_cost.mean) @ x
        residual = np.log(cost / model.listed) - expected
        total = model.noise + self.length.variance(x) + model.log_cost.variance(x)
        far = max(3.0, 4 * np.sqrt(total))
        if abs(residual) > far:
            model.cost_anomalies += 1
            residual = np.clip(residual, -far, far)
            cost = model.listed * np.exp(expected + residual)
        else:
            self.length.learn(x, residual, total)
        model.mean_cost += (cost - model.mean_cost) / min(model.costed + 10, 500)
        model.log_cost.learn(x, residual, total)
        if model.cost_drift.observe(residual / np.sqrt(total)):
            model.log_cost.forget(0.02)
        rate = max(1 / (model.costed + 3), 0.02)
        surprise = min(residual**2 * model.noise / total, 25)
        model.noise = float(np.clip(model.noise + rate * (surprise - model.noise), 1e-4, 4))

    def rate(self, step: int, served: int, satisfaction: float) -> None:
        x, expectation = self.pending.pop(step)
        model = self.models[served]
        p = sigmoid(self.log_odds(model, x))
        h = max(p * (1 - p), 1e-3)
        phi = float(np.clip(model.scatter / model.weight, 0.05, 1.5))
        log_price = np.array([model.log_price])
        variance = self.difficulty.variance(x) + model.odds.variance(x)
        variance += self.slope.variance(log_price)
        error = satisfaction - p
        self.difficulty.learn(x, error / h, phi / h + variance)
        model.odds.learn(x, error / h, phi / h + variance)
        self.slope.learn(log_price, error / h, phi / h + variance)
        expected = h * (1 + h * variance / phi)
        model.scatter += min(error**2 / expected, 10)
        model.weight += 1
        if model.weight > 1000:
            model.scatter, model.weight = model.scatter / 2, model.weight / 2
        if model.drift.observe(error / np.sqrt(phi * expected)):
            model.odds.forget(0.02)
        self.backlog = max(-50.0, self.backlog + self.alpha - satisfaction)
        faded = self.compensator.settle(expectation, self.alpha - satisfaction, self.step - step)
        model.in_flight = max(0.0, model.in_flight - faded)

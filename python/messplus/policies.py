"""How requests are routed: the presets and their settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .agreement import STRICT


@dataclass(frozen=True)
class Sgd:
    """Training of the per-model logistic heads by stochastic gradient descent.

    Parameters
    ----------
    lr
        Learning rate, in ``(0, 100]``.
    momentum
        Momentum, in ``[0, 1)``.
    l2
        Strength of the L2 penalty, in ``[0, 1]``.
    clip
        Largest Euclidean norm of one gradient, in ``(0, 1e6]``.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    lr: float = 0.003
    momentum: float = 0.9
    l2: float = 1e-4
    clip: float = 1.0


class Policy:
    """How requests are routed: :meth:`default`, :meth:`paper` or :meth:`epsilon_greedy`."""

    @staticmethod
    def default(
        exploration: float = 0.1, credit: float = 50.0, forgetting: float = 1.0
    ) -> DefaultPolicy:
        """Learn from every rating, predict costs, find the price of satisfaction without a scale.

        The same settings serve every zoo.

        Parameters
        ----------
        exploration, credit, forgetting
            As for :class:`DefaultPolicy`.

        Returns
        -------
        DefaultPolicy
            The preset.
        """
        return DefaultPolicy(exploration=exploration, credit=credit, forgetting=forgetting)

    @staticmethod
    def paper(v: float = 1e-4, c: float = 0.1, **sgd: float) -> PaperPolicy:
        """MESS+ as published (arXiv 2505.19947).

        Parameters
        ----------
        v
            Penalty weight V of the cost, ``>= 0``, unit 1/cost. The published 0.0001 is meant for
            costs in joules.
        c
            Strength of the exploration probability ``min(1, c / t^(1/4))``, ``>= 0``.
        sgd
            Keyword arguments of :class:`Sgd`.

        Returns
        -------
        PaperPolicy
            The preset.
        """
        return PaperPolicy(v=v, exploration=c, sgd=Sgd(**sgd))

    @staticmethod
    def epsilon_greedy(epsilon: float = 0.05, credit: float = 50.0) -> EpsilonGreedyPolicy:
        """A baseline: ridge regression of the ratings, mean costs, a fixed share of exploration.

        Parameters
        ----------
        epsilon, credit
            As for :class:`EpsilonGreedyPolicy`.

        Returns
        -------
        EpsilonGreedyPolicy
            The preset.
        """
        return EpsilonGreedyPolicy(epsilon=epsilon, credit=credit)


@dataclass(frozen=True)
class DefaultPolicy(Policy):
    """The default method: Bayesian heads, predicted costs, an adaptive multiplier.

    Parameters
    ----------
    preset
        Its name in a settings file.
    exploration
        Strength c of the exploration probability ``min(1, c / n^(1/4))`` after n ratings, ``>= 0``.
        An exploring request calls one model, as any other does.
    credit
        Satisfaction delivered beyond the target that counts later, in rated requests, in
        ``[0, 1e6]``.
    forgetting
        Factor by which each rating devalues earlier ones, in ``(0.9, 1]``; below one where models
        or requests change.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    preset: Literal["default"] = "default"
    exploration: float = 0.1
    credit: float = 50.0
    forgetting: float = 1.0


@dataclass(frozen=True)
class PaperPolicy(Policy):
    """The published method: drift plus penalty with a fixed weight of cost.

    Parameters
    ----------
    preset
        Its name in a settings file.
    v
        Penalty weight V of the cost, ``>= 0``, unit 1/cost. Larger values save more and hold the
        target later.
    exploration
        Strength c of the exploration probability ``min(1, c / t^(1/4))``, ``>= 0``.
    sgd
        The satisfaction predictor.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    preset: Literal["paper"] = "paper"
    v: float = 1e-4
    exploration: float = 0.1
    sgd: Sgd = field(default_factory=Sgd)


@dataclass(frozen=True)
class EpsilonGreedyPolicy(Policy):
    """A baseline to compare others with; it takes no limits.

    The predicted satisfaction is a linear function of the features per model, the expected cost a
    running mean. The service level is kept in the way of the default policy.

    Parameters
    ----------
    preset
        Its name in a settings file.
    epsilon
        Share of requests served by a model drawn uniformly, in ``[0, 1]``.
    credit
        As in :class:`DefaultPolicy`.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    preset: Literal["epsilon-greedy"] = "epsilon-greedy"
    epsilon: float = 0.05
    credit: float = 50.0

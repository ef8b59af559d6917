"""Replay of recorded outcomes: what a policy costs, beside what hindsight says it could."""

from .bounds import Bounds, Hindsight
from .evaluate import replay
from .priors import Priors
from .results import PolicyResult, ReplayResult
from .run import Problem, Run
from .sweep import SweepResult, sweep
from .tables import Table, load_table

__all__ = [
    "Bounds",
    "Hindsight",
    "PolicyResult",
    "Priors",
    "Problem",
    "ReplayResult",
    "Run",
    "SweepResult",
    "Table",
    "load_table",
    "replay",
    "sweep",
]

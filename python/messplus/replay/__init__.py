"""Replay of recorded outcomes: what a policy costs, beside what hindsight says it could."""

from .bounds import Bounds, Hindsight
from .tables import Table, load_table

__all__ = ["Bounds", "Hindsight", "Table", "load_table"]

"""Collecting answers that a log lacks: other models are asked, rated and written to a table."""

from .collect import Collected, collect

__all__ = ["Collected", "collect"]

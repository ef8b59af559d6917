"""Logs: what a router writes for later analysis, and what it learns from at the start."""

from .jsonl import JsonlLog

__all__ = ["JsonlLog"]

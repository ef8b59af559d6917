"""Cost-optimal LLM request routing with a long-run satisfaction guarantee, in-process."""

from ._core import __version__

__all__ = ["__version__"]

"""The type of what commands register themselves with."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import argparse

    # The class behind add_subparsers() has no public name.
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

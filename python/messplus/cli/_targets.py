"""Targets as commands are told of them."""

from __future__ import annotations

import argparse


def targets(text: str) -> list[float]:
    """Read a list or a grid of targets."""
    if ":" not in text:
        return [float(part) for part in text.split(",")]
    first, last, step = (float(part) for part in text.split(":"))
    if not (step > 0 and last >= first):
        raise argparse.ArgumentTypeError(f"must have FIRST <= LAST and STEP > 0, got {text}")
    # Rounded, because 0.6 + 2 * 0.05 is not 0.7; half a step keeps the last one in.
    return [round(first + n * step, 10) for n in range(int((last - first) / step + 0.5) + 1)]

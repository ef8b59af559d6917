"""Encoder folders made to harm: each is refused in time."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import confined
from build_encoder_folder import modernbert

from messplus.exceptions import MessPlusError
from messplus.featurizers import OnnxFeaturizer
from tests import hostile_encoders as hostile

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path


def run(home: Path, full: bool, harm: Counter[str]) -> int:
    """Try each graph, tokenizer and normalizer; in short, one of each kind."""
    built = home / "built"
    modernbert(built)
    steps = {"type": "Sequence"}
    tokenizers = [
        *hostile.TOKENIZERS.values(),
        *({"normalizer": steps | swelling} for swelling in hostile.SWELLING.values()),
    ]
    jobs = [partial(_graph, name) for name in hostile.GRAPHS]
    jobs += [partial(_tokenizer, parts) for parts in tokenizers]
    jobs = jobs if full else jobs[:: len(jobs) // 3]
    for number, job in enumerate(jobs):
        folder = home / str(number)
        shutil.copytree(built, folder)
        confined.run(partial(job, folder), harm)
    return len(jobs)


def _graph(name: str, folder: Path) -> int:
    hostile.change_graph(folder, hostile.GRAPHS[name])
    return _is_let_in(folder)


def _tokenizer(parts: dict[str, Any], folder: Path) -> int:
    hostile.change_tokenizer(folder, **parts)
    return _is_let_in(folder)


def _is_let_in(folder: Path) -> int:
    try:
        OnnxFeaturizer.from_folder(folder)("a" * 1000)
    except MessPlusError:
        return 0
    return 1

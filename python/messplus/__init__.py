"""Cost-optimal LLM request routing with a long-run satisfaction guarantee, in-process."""

import logging as _logging
import os as _os

from ._core import Decision, __version__
from ._core import reseed_ids as _reseed_ids
from .config import SLA, Model, Policy, Sgd
from .exceptions import (
    ConfigError,
    EncoderError,
    FeaturizerError,
    FeedbackError,
    InputError,
    MessPlusError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
    StateError,
    StateVersionError,
    UnsafeEncoderError,
)
from .report import ModelReport, Report
from .router import Router

_logging.getLogger("messplus").addHandler(_logging.NullHandler())
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_reseed_ids)

__all__ = [
    "SLA",
    "ConfigError",
    "Decision",
    "EncoderError",
    "FeaturizerError",
    "FeedbackError",
    "InputError",
    "MessPlusError",
    "MissingDependencyError",
    "Model",
    "ModelReport",
    "NonFiniteError",
    "Policy",
    "Report",
    "Router",
    "Sgd",
    "ShapeError",
    "StateError",
    "StateVersionError",
    "UnsafeEncoderError",
    "__version__",
]

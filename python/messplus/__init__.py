"""Cost-optimal LLM request routing with a long-run satisfaction guarantee, in-process."""

import logging as _logging
import os as _os

from . import _core
from ._core import Decision, __version__
from .agreement import SLA, Limit
from .evaluation.evaluate import evaluate
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
    StateLockedError,
    StateVersionError,
    UnsafeEncoderError,
    UnservableError,
)
from .models import Model
from .policies import DefaultPolicy, EpsilonGreedyPolicy, PaperPolicy, Policy, Sgd
from .prices import TokenPrice
from .reports.explain import Candidate, Explanation
from .reports.parts import (
    CapReport,
    LimitReport,
    ModelReport,
    RandomisationReport,
    SLAReport,
    SpanModel,
    SpanSLA,
)
from .reports.prediction import Prediction
from .reports.report import Report
from .reports.shadow import ShadowEstimate, ShadowReport
from .reports.span import SpanReport
from .router import Router
from .shadow import Shadow
from .state.recovery import Recovery

_logging.getLogger("messplus").addHandler(_logging.NullHandler())
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(
        before=_core.before_fork,
        after_in_parent=_core.after_fork_in_parent,
        after_in_child=_core.after_fork_in_child,
    )

__all__ = [
    "SLA",
    "Candidate",
    "CapReport",
    "ConfigError",
    "Decision",
    "DefaultPolicy",
    "EncoderError",
    "EpsilonGreedyPolicy",
    "Explanation",
    "FeaturizerError",
    "FeedbackError",
    "InputError",
    "Limit",
    "LimitReport",
    "MessPlusError",
    "MissingDependencyError",
    "Model",
    "ModelReport",
    "NonFiniteError",
    "PaperPolicy",
    "Policy",
    "Prediction",
    "RandomisationReport",
    "Recovery",
    "Report",
    "Router",
    "SLAReport",
    "Sgd",
    "Shadow",
    "ShadowEstimate",
    "ShadowReport",
    "ShapeError",
    "SpanModel",
    "SpanReport",
    "SpanSLA",
    "StateError",
    "StateLockedError",
    "StateVersionError",
    "TokenPrice",
    "UnsafeEncoderError",
    "UnservableError",
    "__version__",
    "evaluate",
]

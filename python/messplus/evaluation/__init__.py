"""Off-policy evaluation: what policies would have brought, told by one answer per request."""

from .evaluate import evaluate
from .results import Evaluation, PolicyEstimate

__all__ = ["Evaluation", "PolicyEstimate", "evaluate"]

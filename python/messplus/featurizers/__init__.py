"""Turning prompts into features."""

from .base import Featurizer
from .chat import Prompt, prompt_text
from .feature_map import FeatureMap
from .function import FunctionFeaturizer
from .onnx import OnnxFeaturizer
from .static import StaticFeaturizer
from .tags import hash_tags

__all__ = [
    "FeatureMap",
    "Featurizer",
    "FunctionFeaturizer",
    "OnnxFeaturizer",
    "Prompt",
    "StaticFeaturizer",
    "hash_tags",
    "prompt_text",
]

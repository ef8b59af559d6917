"""Turning prompts into features."""

from .base import Featurizer
from .chat import Prompt, prompt_text
from .embedding import EmbeddingFeaturizer
from .feature_map import FeatureMap
from .function import FunctionFeaturizer
from .onnx import OnnxFeaturizer
from .static import StaticFeaturizer
from .tags import hash_tags
from .vector import VectorFeaturizer

__all__ = [
    "EmbeddingFeaturizer",
    "FeatureMap",
    "Featurizer",
    "FunctionFeaturizer",
    "OnnxFeaturizer",
    "Prompt",
    "StaticFeaturizer",
    "VectorFeaturizer",
    "hash_tags",
    "prompt_text",
]

"""Turning prompts into features."""

from .base import Featurizer
from .chat import Prompt, prompt_text
from .check import FolderCheck, check_folder
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
    "FolderCheck",
    "FunctionFeaturizer",
    "OnnxFeaturizer",
    "Prompt",
    "StaticFeaturizer",
    "VectorFeaturizer",
    "check_folder",
    "hash_tags",
    "prompt_text",
]

"""Turning prompts into features."""

from .base import Featurizer
from .feature_map import FeatureMap
from .static import StaticFeaturizer
from .tags import hash_tags

__all__ = ["FeatureMap", "Featurizer", "StaticFeaturizer", "hash_tags"]

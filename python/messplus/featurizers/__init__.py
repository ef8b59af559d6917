"""Turning prompts into features."""

from .base import Featurizer
from .feature_map import FeatureMap
from .tags import hash_tags

__all__ = ["FeatureMap", "Featurizer", "hash_tags"]

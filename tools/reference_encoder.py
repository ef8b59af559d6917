"""The sentence encoder in float64 NumPy: slow, plain, and what everything else is compared with."""

import numpy as np
from minilm_source import HEADS, LAYER_NORM_EPSILON, LAYERS, WIDTH
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[np.float64]


class Encoder:
    """The sentence encoder in float64, for inputs of one length and without padding."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self._weights = {name: tensor.astype(np.float64) for name, tensor in weights.items()}

    def _linear(self, x: Array, name: str) -> Array:
        flat: Array = x.reshape(-1, x.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        outputs: Array = flat.reshape(*x.shape[:-1], flat.shape[1])
        return outputs

    def _layer_norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        scaled: Array = centred / np.sqrt(variance + LAYER_NORM_EPSILON)
        return scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def _attention(self, x: Array, name: str) -> Array:
        heads = (*x.shape[:2], HEADS, WIDTH // HEADS)
        query, key, value = (
            self._linear(x, f"{name}.self.{part}").reshape(heads)
            for part in ("query", "key", "value")
        )
        logits = np.einsum("bihd,bjhd->bhij", query, key) / np.sqrt(heads[-1])
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = np.einsum("bhij,bjhd->bihd", weights, value).reshape(x.shape)
        return self._linear(mixed, f"{name}.output.dense")

    def encode(self, ids: NDArray[np.int64]) -> Array:
        """Return unit-length mean-pooled embeddings [n, 384] of token ids [n, length]."""
        table = "embeddings.{}_embeddings.weight".format
        x = (
            self._weights[table("word")][ids]
            + self._weights[table("position")][: ids.shape[1]]
            + self._weights[table("token_type")][0]
        )
        x = self._layer_norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            attended = x + self._attention(x, f"{name}.attention")
            x = self._layer_norm(attended, f"{name}.attention.output.LayerNorm")
            hidden = self._linear(x, f"{name}.intermediate.dense")
            hidden *= 0.5 * (1.0 + erf(hidden / np.sqrt(2.0)))
            x = x + self._linear(hidden, f"{name}.output.dense")
            x = self._layer_norm(x, f"{name}.output.LayerNorm")
        pooled = x.mean(axis=1)
        unit: Array = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit

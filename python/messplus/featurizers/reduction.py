"""From wide embeddings to the few dimensions the learner takes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from messplus.exceptions import InputError, StateError

if TYPE_CHECKING:
    import numpy.typing as npt

_LABEL = b"messplus-axes-1"


class Reduction:
    """A linear map from ``width`` to ``dims`` dimensions.

    Parameters
    ----------
    axes
        float32, shape ``(width, dims)``.
    mean
        Subtracted before the map, float32, shape ``(width,)``.
    """

    def __init__(self, axes: npt.NDArray[np.float32], mean: npt.NDArray[np.float32]) -> None:
        self._axes = np.ascontiguousarray(axes, np.float32)
        self._mean = np.ascontiguousarray(mean, np.float32)

    @classmethod
    def random(cls, width: int, dims: int, seed: int = 0) -> Reduction:
        """Project on random signs: nearly keeps angles, whatever the embeddings are.

        The signs are bits of a SHAKE-128 digest, so a seed means the same projection forever.

        Parameters
        ----------
        width, dims
            Dimensions taken and left.
        seed
            Seed of the signs.

        Returns
        -------
        Reduction
            The projection.

        References
        ----------
        Achlioptas, Database-friendly random projections, Journal of Computer and System Sciences
        66(4), 2003, theorem 1.1.
        """
        digest = hashlib.shake_128(f"messplus projection {seed}".encode())
        bits = np.frombuffer(digest.digest(-(-width * dims // 8)), np.uint8)
        signs = 2.0 * np.unpackbits(bits, count=width * dims).reshape(width, dims) - 1.0
        return cls((signs / np.sqrt(dims)).astype(np.float32), np.zeros(width, np.float32))

    @classmethod
    def principal(cls, embeddings: npt.NDArray[np.float32], dims: int) -> Reduction:
        """Project on the principal axes of a sample.

        Parameters
        ----------
        embeddings
            The sample, float32, shape ``(n, width)``.
        dims
            Axes kept, those of the largest variance.

        Returns
        -------
        Reduction
            The projection.

        Raises
        ------
        InputError
            If the sample has fewer than ``dims + 1`` rows.

        References
        ----------
        Jolliffe, Principal Component Analysis, 2002, chapter 1.
        """
        if len(embeddings) <= dims:
            raise InputError(
                f"prompts: must be more than {dims} to fit {dims} principal axes, "
                f"got {len(embeddings)}"
            )
        sample = embeddings.astype(np.float64)
        mean = sample.mean(axis=0)
        _, axes = np.linalg.eigh((sample - mean).T @ (sample - mean))
        axes = axes[:, ::-1][:, :dims]
        # An axis has no sign of its own: its largest component is made positive.
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dims)])
        return cls(axes.astype(np.float32), mean.astype(np.float32))

    @property
    def dims(self) -> int:
        """Dimensions left."""
        return int(self._axes.shape[1])

    @property
    def width(self) -> int:
        """Dimensions taken."""
        return int(self._axes.shape[0])

    @property
    def identity(self) -> str:
        """Hash of the map."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:16]

    def __call__(self, embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Reduce embeddings ``[n, width]`` to ``[n, dims]``."""
        reduced: npt.NDArray[np.float32] = np.matmul(embeddings - self._mean, self._axes)
        return reduced

    def to_bytes(self) -> bytes:
        """Label, width and dims as 4 little-endian bytes each, mean, axes."""
        sizes = b"".join(size.to_bytes(4, "little") for size in self._axes.shape)
        return (
            _LABEL + sizes + self._mean.astype("<f4").tobytes() + self._axes.astype("<f4").tobytes()
        )

    @classmethod
    def from_bytes(cls, state: bytes) -> Reduction:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        StateError
            If the bytes are something else.
        """
        start = len(_LABEL) + 8
        width = int.from_bytes(state[start - 8 : start - 4], "little")
        dims = int.from_bytes(state[start - 4 : start], "little")
        if not state.startswith(_LABEL) or len(state) != start + 4 * width * (dims + 1):
            raise StateError("reduction: truncated, corrupt or not ours")
        values = np.frombuffer(state, "<f4", offset=start).astype(np.float32)
        if width * dims == 0 or not np.isfinite(values).all():
            raise StateError("reduction: must be a finite, non-empty matrix")
        return cls(values[width:].reshape(width, dims), values[:width])

"""The graph and the tokenizer of an encoder folder: from prompts to embeddings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus._core import FolderTokenizer
from messplus.exceptions import EncoderError, FeaturizerError, UnsafeEncoderError

from . import _folder, _layout, _onnx_file
from ._pooling import pool, unit_rows
from ._session import open_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_log = logging.getLogger("messplus")
_BATCH = 16  # prompts run at a time: more gain nothing on one core and cost memory
# Operator sets built into onnxruntime. Others need a library, which is code, and is never loaded.
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
# Activations quantised on the fly depend on what else is in the batch, padding included.
_BATCH_DEPENDENT = {"DynamicQuantizeLinear", "DynamicQuantizeLSTM", "DynamicQuantizeMatMul"}
_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "position_ids"}
_SENTENCE_OUTPUT = "sentence_embedding"
_INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class Encoder:
    """The graph and the tokenizer of a folder. Parameters as :meth:`OnnxFeaturizer.from_folder`.

    Attributes
    ----------
    layout
        What the folder said about itself.
    tokenizer
        From prompts to padded token ids.
    sha256
        Hash of all files read.
    providers
        Execution providers really in use.
    output
        The graph's output that is used.
    pools
        Whether that output is token states, which are pooled here.
    width
        Dimensions of the embedding.
    """

    def __init__(
        self,
        path: str | Path,
        file: str | None = None,
        pooling: str = "auto",
        max_tokens: int | None = None,
        providers: Sequence[str] | None = None,
        expect_sha256: str | None = None,
    ) -> None:
        folder = _folder.Folder(path)
        self.layout = _layout.read(folder, file, pooling, max_tokens)
        graph = folder.read(self.layout.graph, _folder.MAX_GRAPH)
        tokenizer = folder.read("tokenizer.json", _folder.MAX_TOKENIZER)
        inspected = _onnx_file.inspect(graph, self.layout.graph)
        external = _check_reach(folder, self.layout.graph, inspected)
        self.sha256 = folder.sha256()
        if expect_sha256 is not None and self.sha256 != expect_sha256.lower():
            raise UnsafeEncoderError(
                f"expect_sha256: must be the hash of the folder, {self.sha256}, got {expect_sha256}"
            )
        self._batch = 1 if inspected.operators & _BATCH_DEPENDENT else _BATCH
        try:
            self.tokenizer = FolderTokenizer(tokenizer, self.layout.max_tokens)
        except FeaturizerError as error:
            raise EncoderError(str(error)) from None
        wanted = list(providers or ["CPUExecutionProvider"])
        try:
            self._session = open_session(graph, wanted, external)
        except Exception as error:
            raise EncoderError(f"{self.layout.graph}: onnxruntime refuses it: {error}") from None
        self.providers: list[str] = self._session.get_providers()
        if self.providers[0] != wanted[0]:
            _log.warning("encoder runs on %s, not on %s", self.providers[0], wanted[0])
        self._inputs = self._named_inputs()
        self.output, self.pools = self._choose_output()
        self.width = self.embed(["width"])[0].shape[1]

    @property
    def identity(self) -> str:
        """Hash of the files, and what changes the embedding beside them."""
        pooling = self.layout.pooling if self.pools else self.output
        return f"onnx:{self.sha256[:16]}:pooling={pooling}:max_tokens={self.layout.max_tokens}"

    def embed(
        self, prompts: Sequence[str]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return embeddings ``[n, width]`` and numbers of tokens ``[n]``.

        Raises
        ------
        FeaturizerError
            If the graph fails, or gives NaN.
        """
        if not prompts:
            return np.empty((0, self.width), np.float32), np.empty(0, np.float32)
        # Prompts of like length share a batch, so little of it is padding.
        order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
        parts = [
            self._run([prompts[row] for row in order[start : start + self._batch]])
            for start in range(0, len(order), self._batch)
        ]
        back = np.argsort(order)
        embeddings = np.concatenate([part[0] for part in parts])[back]
        return embeddings, np.concatenate([part[1] for part in parts])[back]

    def _run(self, prompts: list[str]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        ids, mask, tokens = self.tokenizer.encode(prompts)
        # A tokenizer without special tokens makes nothing of an empty prompt: embed one padding.
        mask[:, 0] = 1
        values: dict[str, npt.NDArray[np.int64]] = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
        }
        feed = {
            name: np.ascontiguousarray(values[name], dtype) for name, dtype in self._inputs.items()
        }
        try:
            (output,) = self._session.run([self.output], feed)
        except Exception as error:
            raise FeaturizerError(f"{self.layout.graph}: {error}") from None
        embeddings = np.asarray(output, np.float32)
        if self.pools:
            embeddings = pool(embeddings, mask, self.layout.pooling)
        if self.layout.normalise:
            embeddings = unit_rows(embeddings)
        if embeddings.shape[:1] != (len(prompts),) or not np.isfinite(embeddings).all():
            raise FeaturizerError(
                f"{self.layout.graph}: output {self.output} must be {len(prompts)} finite rows"
            )
        return embeddings, tokens

    def _named_inputs(self) -> dict[str, Any]:
        inputs = {node.name: node.type for node in self._session.get_inputs()}
        for name, kind in inputs.items():
            if name not in _INPUTS or kind not in _INTEGERS:
                raise EncoderError(
                    f"{self.layout.graph}: its inputs must be integers among {sorted(_INPUTS)}, "
                    f"got {name}: {kind}"
                )
        if "input_ids" not in inputs:
            raise EncoderError(f"{self.layout.graph}: must have an input input_ids")
        return {name: _INTEGERS[kind] for name, kind in inputs.items()}

    def _choose_output(self) -> tuple[str, bool]:
        """Return the output to use and whether its token states must be pooled."""
        ranks = {node.name: len(node.shape) for node in self._session.get_outputs()}
        if ranks.get(_SENTENCE_OUTPUT) == 2:
            return _SENTENCE_OUTPUT, False
        for rank, pools in ((3, True), (2, False)):
            for name, found in ranks.items():
                if found == rank:
                    return name, pools
        raise EncoderError(
            f"{self.layout.graph}: must have an output [n, length, width] or [n, width], "
            f"got ranks {ranks}"
        )


def _check_reach(folder: _folder.Folder, graph: str, inspected: _onnx_file.OnnxFile) -> Path | None:
    """Check operators and outside files; return the folder the latter are in, if any."""
    foreign = sorted(inspected.domains - _DOMAINS)
    if foreign:
        raise UnsafeEncoderError(f"{graph}: operators of {foreign} need a library; none is loaded")
    beside = graph.rpartition("/")[0]
    for name in sorted(inspected.external):
        if not name or name.startswith("/") or "\\" in name:
            raise UnsafeEncoderError(f"{graph}: external data must be beside it, got {name!r}")
        folder.read(f"{beside}/{name}" if beside else name, _folder.MAX_GRAPH)
    return folder.resolve(graph).parent if inspected.external else None

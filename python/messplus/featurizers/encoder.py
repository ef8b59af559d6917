"""The graph and the tokenizer of an encoder folder: from prompts to embeddings."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from messplus._core import FolderTokenizer
from messplus._logger import logger
from messplus._text import printable
from messplus.exceptions import EncoderError, FeaturizerError, UnsafeEncoderError

from . import _folder, _layout, _onnx_file
from ._pooling import pool, unit_rows
from ._session import open_session
from ._shared import Shared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
_tokenizers: Shared[FolderTokenizer] = Shared()
_BATCH = 16  # prompts run at a time: more gain nothing on one core and cost memory
# Operator sets built into onnxruntime. Others need a library, which is code, and is never loaded.
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
_MAX_NODES = 100_000  # a minute of loading; graphs in the wild have some thousand
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
        allow_control_flow: bool = False,
    ) -> None:
        folder = _folder.Folder(path)
        self.layout = _layout.read(folder, file, pooling, max_tokens)
        graph = folder.read(self.layout.graph, _folder.MAX_GRAPH)
        tokenizer = folder.read("tokenizer.json", _folder.MAX_TOKENIZER)
        inspected = _onnx_file.inspect(graph, self.layout.graph)
        _check_operators(self.layout.graph, inspected, allow_control_flow)
        external = _external(folder, self.layout.graph, inspected)
        self.sha256 = folder.sha256()
        if expect_sha256 is not None and self.sha256 != expect_sha256.lower():
            raise UnsafeEncoderError(
                f"expect_sha256: must be the hash of the folder, {self.sha256}, got {expect_sha256}"
            )
        self._batch = 1 if inspected.operators & _BATCH_DEPENDENT else _BATCH
        self.tokenizer = self._open_tokenizer(tokenizer)
        wanted = list(providers or ["CPUExecutionProvider"])
        try:
            self._session = open_session(graph, wanted, external, self.sha256)
        except Exception as error:
            problem = printable(str(error))
            raise EncoderError(f"{self.layout.graph}: onnxruntime refuses it: {problem}") from None
        self.providers: list[str] = self._session.get_providers()
        if self.providers[0] != wanted[0]:
            logger.warning("encoder runs on %s, not on %s", self.providers[0], wanted[0])
        self._inputs = self._named_inputs()
        self.output, self.pools = self._choose_output()
        self.width = self._measure_width()

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

    def _open_tokenizer(self, json: bytes) -> FolderTokenizer:
        limit = self.layout.max_tokens
        try:
            key = (sha256(json).digest(), limit)
            return _tokenizers.get(key, partial(FolderTokenizer, json, limit))
        except UnsafeEncoderError:
            raise
        except FeaturizerError as error:
            raise EncoderError(str(error)) from None

    def _measure_width(self) -> int:
        try:
            return int(self.embed(["width"])[0].shape[1])
        except FeaturizerError as error:
            raise EncoderError(str(error)) from None

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
            raise FeaturizerError(f"{self.layout.graph}: {printable(str(error))}") from None
        embeddings = np.asarray(output, np.float32)
        if self.pools:
            embeddings = pool(embeddings, mask, self.layout.pooling)
        if self.layout.normalise:
            embeddings = unit_rows(embeddings)
        if embeddings.shape[:1] != (len(prompts),) or not np.isfinite(embeddings).all():
            raise FeaturizerError(
                f"{self.layout.graph}: output {self.output!r} must be {len(prompts)} finite rows"
            )
        return embeddings, tokens

    def _named_inputs(self) -> dict[str, Any]:
        inputs = {node.name: node.type for node in self._session.get_inputs()}
        for name, kind in inputs.items():
            if name not in _INPUTS or kind not in _INTEGERS:
                raise EncoderError(
                    f"{self.layout.graph}: its inputs must be integers among {sorted(_INPUTS)}, "
                    f"got {name!r}: {kind}"
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


def _check_operators(graph: str, inspected: _onnx_file.OnnxFile, allow_control_flow: bool) -> None:
    foreign = sorted(inspected.domains - _DOMAINS)
    if foreign:
        raise UnsafeEncoderError(f"{graph}: operators of {foreign} need a library; none is loaded")
    if inspected.control_flow and not allow_control_flow:
        raise UnsafeEncoderError(
            f"{graph}: {sorted(inspected.control_flow)} can run for ever; where the folder is to "
            "be trusted, allow_control_flow=True allows them"
        )
    if inspected.nodes > _MAX_NODES:
        raise UnsafeEncoderError(
            f"{graph}: must have at most {_MAX_NODES} nodes with its functions written out, "
            f"got {inspected.nodes:.3g}"
        )


def _external(folder: _folder.Folder, graph: str, inspected: _onnx_file.OnnxFile) -> Path | None:
    """Read the files tensors are in; return the folder they are in, if there are any."""
    beside = graph.rpartition("/")[0]
    for name in sorted(inspected.external):
        if not name or name.startswith("/") or "\\" in name:
            raise UnsafeEncoderError(f"{graph}: external data must be beside it, got {name!r:.200}")
        folder.read(f"{beside}/{name}" if beside else name, _folder.MAX_GRAPH)
    return folder.resolve(graph).parent if inspected.external else None

"""onnxruntime, imported at the first session: importing messplus does not wait for it."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from ._shared import Shared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import onnxruntime

sessions: Shared[onnxruntime.InferenceSession] = Shared()


def open_session(
    graph: bytes,
    providers: Sequence[str] = ("CPUExecutionProvider",),
    external: Path | None = None,
    weights: str = "",
) -> onnxruntime.InferenceSession:
    """Return the inference session of a graph, the one in use in this process if there is one.

    Safe to run from many threads at once.

    Parameters
    ----------
    graph
        A serialised ONNX model.
    providers
        Execution providers, most wanted first. onnxruntime leaves out those it cannot use.
    external
        Folder of the files the model stores tensors in, if any.
    weights
        Hash of these files: with another content it is another session.
    """
    key = (sha256(graph).digest(), weights, tuple(providers), external)
    return sessions.get(key, partial(_open, graph, providers, external))


def _open(
    graph: bytes, providers: Sequence[str], external: Path | None
) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread: a request is served by one core, and short prompts gain nothing from more.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Never guess another format from the content.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    if external is not None:
        key = "session.model_external_initializers_file_folder_path"
        options.add_session_config_entry(key, str(external))
    return onnxruntime.InferenceSession(graph, options, providers=list(providers))

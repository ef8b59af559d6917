"""onnxruntime, imported at the first session: importing messplus does not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import onnxruntime


def open_session(
    graph: bytes,
    providers: Sequence[str] = ("CPUExecutionProvider",),
    external: Path | None = None,
) -> onnxruntime.InferenceSession:
    """Open an inference session of one thread, safe to run from many threads at once.

    One thread: a request is served by one core, and short prompts gain nothing from more.

    Parameters
    ----------
    graph
        A serialised ONNX model.
    providers
        Execution providers, most wanted first. onnxruntime leaves out those it cannot use.
    external
        Folder of the files the model stores tensors in, if any.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Never guess another format from the content.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    if external is not None:
        key = "session.model_external_initializers_file_folder_path"
        options.add_session_config_entry(key, str(external))
    return onnxruntime.InferenceSession(graph, options, providers=list(providers))

"""onnxruntime, imported at the first session: importing messplus does not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime


def open_session(graph: bytes) -> onnxruntime.InferenceSession:
    """Open an inference session of one thread, safe to run from many threads at once.

    One thread: a request is served by one core, and short prompts gain nothing from more.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

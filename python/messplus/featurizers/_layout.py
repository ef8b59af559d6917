"""What an encoder folder says about itself: graph, pooling, normalisation, length.

Known layouts: sentence-transformers (``modules.json``, ``1_Pooling/``, graph in ``onnx/``),
Optimum (``model.onnx``, ``config.json``), and a bare ``model.onnx`` with ``tokenizer.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from messplus.exceptions import ConfigError, EncoderError

if TYPE_CHECKING:
    from ._folder import Folder

POOLINGS = ("mean", "cls", "max", "mean_sqrt_len")
DEFAULT_MAX_TOKENS = 512
_GRAPHS = ("onnx/model.onnx", "model.onnx")
# Names in 1_Pooling/config.json.
_POOLING_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
}


@dataclass(frozen=True)
class Layout:
    """How to use the graph of a folder.

    Attributes
    ----------
    graph
        The ONNX file.
    pooling
        How token states become one vector, where the graph does not do that itself.
    normalise
        Whether the embedding is scaled to unit length.
    max_tokens
        Tokens embedded, special ones included.
    """

    graph: str
    pooling: str
    normalise: bool
    max_tokens: int


def read(folder: Folder, file: str | None, pooling: str, max_tokens: int | None) -> Layout:
    """Find out how to use a folder; arguments go before what its files say.

    Raises
    ------
    ConfigError
        If an argument breaks its rule.
    EncoderError
        If a file is missing, contradictory or asks for what is not supported.
    """
    if pooling not in ("auto", *POOLINGS):
        raise ConfigError(f"pooling: must be auto or one of {POOLINGS}, got {pooling!r}")
    if max_tokens is not None and max_tokens < 3:
        raise ConfigError(f"max_tokens: must be at least 3, got {max_tokens}")
    modules = _modules(folder)
    found = _pooling(folder, modules.get("Pooling")) if pooling == "auto" else pooling
    return Layout(
        graph=_graph(folder, file),
        pooling=found,
        normalise="Normalize" in modules,
        max_tokens=_max_tokens(folder) if max_tokens is None else max_tokens,
    )


def _graph(folder: Folder, file: str | None) -> str:
    if file is not None:
        if not folder.has(file):
            raise EncoderError(f"file: {file!r} is not in {str(folder.path)!r}")
        return file
    for name in _GRAPHS:
        if folder.has(name):
            return name
    graphs = folder.graphs()
    if len(graphs) == 1:
        return graphs[0]
    expected = " or ".join(_GRAPHS)
    if graphs:
        raise EncoderError(f"file: name one of {graphs}, there is no {expected}")
    raise EncoderError(f"{expected}: no such file in {str(folder.path)!r}, nor another .onnx file")


def _modules(folder: Folder) -> dict[str, str]:
    """Return the paths of the steps behind the encoder by kind, from ``modules.json``."""
    listed = folder.read_json_value("modules.json")
    if not listed:
        return {}
    try:
        modules = {str(m["type"]).rpartition(".")[2]: str(m["path"]) for m in listed}
    except (TypeError, KeyError):
        raise EncoderError("modules.json: must list objects with type and path") from None
    unknown = sorted(set(modules) - {"Transformer", "Pooling", "Normalize"})
    if unknown:
        raise EncoderError(
            f"modules.json: {unknown} not supported; export a graph that ends at an output "
            "named sentence_embedding, without modules.json"
        )
    return modules


def _pooling(folder: Folder, path: str | None) -> str:
    name = f"{path or '1_Pooling'}/config.json"
    config = folder.read_json(name)
    chosen = [mode for key, mode in _POOLING_KEYS.items() if config.get(key) is True]
    chosen += [str(config["pooling_mode"])] if "pooling_mode" in config else []
    asked = {key for key, value in config.items() if key.startswith("pooling_mode") and value}
    if not asked:
        # Encoders trained for classification name the vector they were trained on.
        classifier = folder.read_json("config.json").get("classifier_pooling")
        return classifier if classifier in POOLINGS else "mean"
    if len(asked) != 1 or len(chosen) != 1 or chosen[0] not in POOLINGS:
        raise EncoderError(f"{name}: must choose one of {POOLINGS}, got {sorted(asked)}")
    return chosen[0]


def _max_tokens(folder: Folder) -> int:
    claims: dict[str, Any] = {
        "sentence_bert_config.json": folder.read_json("sentence_bert_config.json").get(
            "max_seq_length"
        ),
        "config.json": folder.read_json("config.json").get("max_position_embeddings"),
    }
    limit = DEFAULT_MAX_TOKENS
    for name, claim in claims.items():
        if claim is None:
            continue
        if not isinstance(claim, int) or claim < 3:
            raise EncoderError(f"{name}: its length limit must be at least 3, got {claim!r}")
        limit = min(limit, claim)
    return limit

"""Build encoder folders as users bring them, for tests and measurements.

``minilm``: all-MiniLM-L6-v2 in the sentence-transformers layout, from the pinned source package.
``modernbert``: a small random encoder with ModernBERT's interface: no token types, CLS pooling,
Optimum layout.

Run ``python tools/build_encoder_folder.py minilm out/encoders/minilm`` (needs numpy and onnx);
``--pooled`` makes a graph that ends at the sentence embedding, ``--int8`` adds a dynamically
quantised graph (needs onnxruntime).
"""

import argparse
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import onnx
from minilm_source import HEADS, LAYER_NORM_EPSILON, LAYERS, model_folder, read_weights
from numpy.typing import NDArray
from transformer_graph import Shape, Transformer

COPIED = (
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "1_Pooling/config.json",
)


def minilm(source: Path, target: Path, *, pooled: bool = False, int8: bool = False) -> None:
    """Write the sentence encoder in the sentence-transformers layout."""
    for name in COPIED:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    shape = Shape(LAYERS, HEADS, LAYER_NORM_EPSILON, token_types=True)
    graph = Transformer(read_weights(source / "model.safetensors"), shape).build(pooled)
    onnx.checker.check_model(graph)
    (target / "onnx").mkdir(exist_ok=True)
    onnx.save(graph, target / "onnx" / "model.onnx")
    if int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        # Its advice to pre-process the graph is about shapes, which these graphs have.
        logging.getLogger().setLevel(logging.ERROR)
        quantize_dynamic(
            target / "onnx" / "model.onnx",
            target / "onnx" / "model_quantized.onnx",
            weight_type=QuantType.QInt8,
        )


def random_weights(
    shape: Shape, vocabulary: int, width: int, seed: int
) -> dict[str, NDArray[np.float32]]:
    """Draw the tensors of an encoder."""
    random = np.random.default_rng(seed)

    def normal(*dims: int) -> NDArray[np.float32]:
        return random.standard_normal(dims, dtype=np.float32) / np.float32(np.sqrt(dims[-1]))

    weights = {
        "embeddings.word_embeddings.weight": normal(vocabulary, width),
        "embeddings.position_embeddings.weight": normal(512, width),
    }
    if shape.token_types:
        weights["embeddings.token_type_embeddings.weight"] = normal(2, width)
    linear = {"intermediate.dense": (4 * width, width), "output.dense": (width, 4 * width)}
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        linear[f"attention.{part}"] = (width, width)
    norms = ["embeddings.LayerNorm"]
    for layer in range(shape.layers):
        name = f"encoder.layer.{layer}"
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
        for part, dims in linear.items():
            weights[f"{name}.{part}.weight"] = normal(*dims)
            weights[f"{name}.{part}.bias"] = normal(dims[0])
    for name in norms:
        weights[f"{name}.weight"] = np.ones(width, dtype=np.float32)
        weights[f"{name}.bias"] = np.zeros(width, dtype=np.float32)
    return weights


def word_tokenizer(words: list[str]) -> dict[str, object]:
    """Return a ``tokenizer.json`` that splits at white space and pads to 128, as traps do."""
    vocabulary = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    special = {
        name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]}
        for name in ("[CLS]", "[SEP]")
    }
    frame = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    return {
        "version": "1.0",
        "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 128},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": frame,
            "pair": frame,
            "special_tokens": special,
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }


def modernbert(target: Path, *, width: int = 32, pooled: bool = False, bert: bool = False) -> None:
    """Write a small random encoder with ModernBERT's interface in the Optimum layout.

    With ``bert`` the graph has token types, as BERT's does.
    """
    words = [f"w{i}" for i in range(200)]
    shape = Shape(layers=2, heads=4, layer_norm_epsilon=1e-5, token_types=bert)
    weights = random_weights(shape, len(words) + 4, width, seed=0)
    target.mkdir(parents=True, exist_ok=True)
    (target / "tokenizer.json").write_text(json.dumps(word_tokenizer(words)), encoding="utf-8")
    config = {"model_type": "modernbert", "classifier_pooling": "cls", "hidden_size": width}
    config["max_position_embeddings"] = 512
    (target / "config.json").write_text(json.dumps(config), encoding="utf-8")
    onnx.save(Transformer(weights, shape).build(pooled), target / "model.onnx")


def main() -> None:
    """Write the folder asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("encoder", choices=("minilm", "modernbert"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--source", type=Path, default=Path("out/minilm"), metavar="FOLDER")
    parser.add_argument("--pooled", action="store_true")
    parser.add_argument("--int8", action="store_true")
    arguments = parser.parse_args()
    if arguments.encoder == "minilm":
        source = model_folder(arguments.source)
        minilm(source, arguments.folder, pooled=arguments.pooled, int8=arguments.int8)
    else:
        modernbert(arguments.folder)


if __name__ == "__main__":
    main()

"""Build the embedded featurizer: a static token-embedding table as an ONNX graph.

Every vocabulary token is encoded alone, ``[CLS] token [SEP]``, by a sentence encoder; the
embeddings are mean-pooled, scaled to unit length, rotated to the principal axes of text (tokens
weighted by how often they occur) and rounded to
int8 with one scale per axis. A prompt's embedding is the sum of its distinct tokens' rows. Axes are
in order of variance, so the first k columns are the best k-column table.

The result does not depend on the number of threads or the BLAS kernel: everything before the
rounding is float64, where their differences (1e-14) are far below half a rounding step.

Run ``python tools/build_static_table.py`` (needs numpy, scipy, onnx; a few minutes), or add
``--check`` to compare with the shipped file instead of writing it.
"""

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from minilm_source import CLS, SEP, model_folder, read_weights
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from reference_encoder import Array, Encoder

DATA = Path(__file__).parent.parent / "python" / "messplus" / "featurizers" / "data"
DIMS = 128
CHUNK = 1024  # tokens encoded at a time: bounds memory, does not change the result


def embed_vocabulary(encoder: Encoder, size: int) -> Array:
    """Return the embedding of every token alone, shape [size, 384]."""
    ids = np.stack([np.full(size, CLS), np.arange(size), np.full(size, SEP)], axis=1)
    chunks = []
    for start in range(0, size, CHUNK):
        chunks.append(encoder.encode(ids[start : start + CHUNK]))
        print(f"\r{min(start + CHUNK, size)}/{size} tokens", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return np.concatenate(chunks)


def token_weights(vocabulary: list[str]) -> Array:
    """Estimate how often each token occurs in text.

    The vocabulary lists special tokens and single characters, then words by falling frequency,
    "the" first; by Zipf's law, word r occurs in proportion to 1 / (r + 2.7). What stands before
    the words counts as their last.
    """
    rank = np.arange(len(vocabulary)) - vocabulary.index("the") + 1.0
    rank[rank < 1.0] = rank[-1]
    weights: Array = np.divide(1.0, rank + 2.7)
    weights /= weights.sum()
    return weights


def principal_axes(embeddings: Array, weights: Array, dims: int) -> Array:
    """Rotate to the first ``dims`` principal axes, shape [size, dims], most variance first.

    Weighted by frequency, these are the axes along which prompts differ, not the vocabulary.
    An axis has no sign of its own; the component largest in magnitude is made positive.
    """
    centred = embeddings - weights @ embeddings
    variances, axes = np.linalg.eigh((centred * weights[:, np.newaxis]).T @ centred)
    axes = axes[:, ::-1][:, :dims]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dims)])
    kept = variances[::-1][:dims].sum() / variances.sum()
    print(f"{dims} axes keep {kept:.3f} of the variance", file=sys.stderr)
    rotated: Array = centred @ axes
    return rotated


def quantise(table: Array) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round to int8 with one scale per column, so that rows can be summed as integers."""
    scale = np.abs(table).max(axis=0) / 127.0
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


def graph(rows: NDArray[np.int8], scale: NDArray[np.float32]) -> onnx.ModelProto:
    """Return the graph ``ids [n, length], mask [n, 1, length] -> embedding [n, dims]``.

    The embedding is the sum of the rows of the tokens whose mask is 1: only its direction counts.
    The sum is taken in int32, hence exact, whatever the machine and the batch.
    """
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"], axis=0),
        helper.make_node("MatMulInteger", ["mask", "rows"], ["sum"]),
        helper.make_node("Squeeze", ["sum", "row_axis"], ["sum_2d"]),
        helper.make_node("Cast", ["sum_2d"], ["sum_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["sum_float", "scale"], ["embedding"]),
    ]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT32, ["n", "length"]),
        helper.make_tensor_value_info("mask", TensorProto.UINT8, ["n", 1, "length"]),
    ]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", len(scale)])]
    constants = [
        numpy_helper.from_array(rows, "table"),
        numpy_helper.from_array(scale, "scale"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "row_axis"),
    ]
    return helper.make_model(
        helper.make_graph(nodes, "static_table", inputs, outputs, constants),
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="messplus",
    )


def main() -> int:
    """Build, then write or compare; the exit status is 1 if the files differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--source", type=Path, default=Path("out/minilm"), metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=DATA, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="compare with --out, write nothing")
    arguments = parser.parse_args()

    source = model_folder(arguments.source)
    vocabulary = source / "vocab.txt"
    weights = read_weights(source / "model.safetensors")
    tokens = vocabulary.read_text(encoding="utf-8").splitlines()
    embeddings = embed_vocabulary(Encoder(weights), len(tokens))
    model = graph(*quantise(principal_axes(embeddings, token_weights(tokens), DIMS)))
    onnx.checker.check_model(model)
    built = model.SerializeToString(deterministic=True)

    print(f"static_table.onnx  {len(built)} bytes  sha256 {hashlib.sha256(built).hexdigest()}")
    shipped = arguments.out / "static_table.onnx"
    if arguments.check:
        same = shipped.read_bytes() == built
        print("identical to the shipped file" if same else f"differs from {shipped}")
        return 0 if same else 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    shipped.write_bytes(built)
    shutil.copyfile(vocabulary, arguments.out / "vocab.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())

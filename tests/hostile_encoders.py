"""Parts of encoder folders made to harm, by what they do."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import onnx
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INT, BOOL = TensorProto.INT64, TensorProto.BOOL
_OWN = "com.microsoft"  # domain of functions within a model


def scalar(name: str, kind: int, value: float) -> onnx.NodeProto:
    tensor = helper.make_tensor(name, kind, [], [value])
    return helper.make_node("Constant", [], [name], value=tensor)


def endless_loop() -> list[onnx.NodeProto]:
    """A loop of 2^62 turns around the ids."""
    wires = [("again", "going"), ("state", "next")]
    body = helper.make_graph(
        [helper.make_node("Identity", [old], [new]) for old, new in wires],
        "body",
        [
            helper.make_tensor_value_info("turn", INT, []),
            helper.make_tensor_value_info("again", BOOL, []),
            helper.make_tensor_value_info("state", INT, None),
        ],
        [
            helper.make_tensor_value_info("going", BOOL, []),
            helper.make_tensor_value_info("next", INT, None),
        ],
    )
    loop = helper.make_node("Loop", ["turns", "yes", "input_ids"], ["looped"], body=body)
    return [scalar("turns", INT, 2**62), scalar("yes", BOOL, True), loop]


def condition() -> list[onnx.NodeProto]:
    """A condition with two branches alike."""
    constant = helper.make_node("Constant", [], ["c"], value_int=0)
    branch = helper.make_graph([constant], "b", [], [helper.make_tensor_value_info("c", INT, [])])
    node = helper.make_node("If", ["yes"], ["looped"], then_branch=branch, else_branch=branch)
    return [scalar("yes", BOOL, True), node]


def scan() -> list[onnx.NodeProto]:
    """A scan over the ids."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["i"], ["o"])],
        "body",
        [helper.make_tensor_value_info("i", INT, None)],
        [helper.make_tensor_value_info("o", INT, None)],
    )
    node = helper.make_node("Scan", ["input_ids"], ["looped"], body=body, num_scan_inputs=1)
    return [node]


def prepend_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    """Put nodes, whose last output is called looped, before the others, which do not need them."""
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    model.graph.output.append(helper.make_tensor_value_info("looped", INT, None))


def in_function(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    """Hide the nodes in a function of the model's own."""
    opset = [helper.make_opsetid("", 17)]
    function = helper.make_function(_OWN, "F", ["input_ids"], ["looped"], nodes, opset)
    model.functions.append(function)
    call = helper.make_node("F", ["input_ids"], ["looped"], domain=_OWN)
    prepend_nodes(model, [call])


def in_branch(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    """Hide the nodes in the branch of a condition."""
    output = [helper.make_tensor_value_info("looped", INT, None)]
    branch = helper.make_graph(nodes, "b", [], output)
    node = helper.make_node("If", ["go"], ["looped"], then_branch=branch, else_branch=branch)
    prepend_nodes(model, [scalar("go", BOOL, True), node])


def doubling_functions(model: onnx.ModelProto, depth: int = 30) -> None:
    """Functions that call the one before twice: 2^depth nodes once they are written out."""
    opset = [helper.make_opsetid("", 17), helper.make_opsetid(_OWN, 1)]
    for level in range(depth):
        nodes = [helper.make_node("Identity", ["x"], ["y"])]
        if level:
            wires = [("x", "a"), ("a", "y")]
            name = f"F{level - 1}"
            nodes = [helper.make_node(name, [i], [o], domain=_OWN) for i, o in wires]
        function = helper.make_function(_OWN, f"F{level}", ["x"], ["y"], nodes, opset)
        model.functions.append(function)
    call = helper.make_node(f"F{depth - 1}", ["input_ids"], ["looped"], domain=_OWN)
    prepend_nodes(model, [call])


def change_graph(folder: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    model = onnx.load(folder / "model.onnx")
    change(model)
    onnx.save(model, folder / "model.onnx")


def change_tokenizer(folder: Path, **parts: Any) -> None:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))


def steps(kind: str, name: str, step: dict[str, Any], times: int) -> dict[str, Any]:
    """The same step many times over, nested two deep."""
    inner = {"type": kind, name: [step] * times}
    return {"type": kind, name: [inner]}


def replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def charsmap(claimed: int, replacement: bytes) -> dict[str, Any]:
    """A table of SentencePiece whose head claims a trie of that many bytes."""
    content = struct.pack("<I", claimed) + replacement
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(content).decode()}


def model(kind: str, **fields: Any) -> dict[str, Any]:
    vocabulary = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"])}
    return {"type": kind, "vocab": vocabulary, "unk_token": "[UNK]", **fields}


_WORDPIECE = {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
_TEXT = {"Sequence": {"id": "A", "type_id": 0}}


def template(pieces: list[Any]) -> dict[str, Any]:
    fields = {"single": pieces, "pair": pieces, "special_tokens": {}}
    return {"type": "TemplateProcessing", **fields}


#: Parts of a tokenizer that cost memory or time out of all proportion, by what the refusal names.
TOKENIZERS: dict[str, dict[str, Any]] = {
    "normalizer: steps": {
        "normalizer": steps("Sequence", "normalizers", {"type": "Lowercase"}, 100_000)
    },
    "pre_tokenizer: steps ByteLevel": {
        "pre_tokenizer": steps(
            "Sequence",
            "pretokenizers",
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
            12,
        )
    },
    "pre_tokenizer: steps": {
        "pre_tokenizer": steps("Sequence", "pretokenizers", {"type": "WhitespaceSplit"}, 10_000)
    },
    "post_processor: texts": {"post_processor": template([_TEXT] * 50)},
    "post_processor: pieces": {"post_processor": template([_TEXT] * 10_000)},
    "post_processor: steps": {
        "post_processor": steps("Sequence", "processors", template([_TEXT]), 1000)
    },
    "model: bytes of a prefix": {"model": model("WordLevel", unk_token="[UNK]" * 100_000)},
    "model: bytes of a token": {
        "model": model("WordLevel", vocab={"[UNK]": 1, "a" * 100_000: 1}),
    },
    "model: characters per word": {
        "model": model("WordPiece", **{**_WORDPIECE, "max_input_chars_per_word": 2**31})
    },
    "model: dropout": {"model": model("BPE", merges=[], dropout=0.5)},
    "precompiled_charsmap": {"normalizer": charsmap(0xFFFF_FFF0, b"a\0")},
}

#: Normalizers that swell a text made of the letter a.
SWELLING: dict[str, dict[str, Any]] = {
    "doubling": {"normalizers": [replace("a", "aa")] * 40},
    "nested": {
        "normalizers": [{"type": "Sequence", "normalizers": [replace("a", "a" * 12)] * 8}],
    },
    "long": {"normalizers": [replace("a", "b" * 1_000_000)]},
    "empty": {"normalizers": [replace("", "b" * 1_000_000)]},
    "prefix": {"normalizers": [{"type": "Prepend", "prepend": "b" * 10_000_000}]},
    "bytes": {"normalizers": [replace("a", "ä"), *[{"type": "ByteLevel"}] * 30]},
}


#: Graphs that run for ever, or could.
GRAPHS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "Loop": lambda model: prepend_nodes(model, endless_loop()),
    "If": lambda model: prepend_nodes(model, condition()),
    "Scan": lambda model: prepend_nodes(model, scan()),
    "Loop in a function": lambda model: in_function(model, endless_loop()),
    "Loop in a branch": lambda model: in_branch(model, endless_loop()),
    "functions of functions": doubling_functions,
}

"""BERT-like encoders as ONNX graphs, written tensor by tensor: no torch, no exporter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17  # the first with LayerNormalization
MASKED = -1e9  # attention logit of padding


@dataclass(frozen=True)
class Shape:
    """What the tensors do not tell."""

    layers: int
    heads: int
    layer_norm_epsilon: float
    token_types: bool


class Graph:
    """Nodes and constants of a graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def node(self, operator: str, *inputs: str, **attributes: float | Sequence[int]) -> str:
        """Append a node and return the name of its output."""
        output = f"{operator.lower()}_{len(self.nodes)}"
        node = helper.make_node(operator, inputs, [output])
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self.nodes.append(node)
        return output

    def constant(self, value: NDArray[np.generic], name: str = "") -> str:
        """Add a constant, named after its number unless it has a name, and return the name."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def integers(self, *values: int) -> str:
        """Add a constant list of integers."""
        return self.constant(np.array(values, dtype=np.int64))

    def number(self, value: float) -> str:
        """Add a scalar constant."""
        return self.constant(np.array(value, dtype=np.float32))


class Transformer:
    """An encoder with the tensor names of BERT, built from its weights."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], shape: Shape) -> None:
        self._weights = weights
        self._shape = shape
        self._graph = Graph()
        self._width = weights["embeddings.LayerNorm.weight"].shape[0]

    def _weight(self, name: str) -> str:
        return self._graph.constant(self._weights[name], name)

    def _linear(self, x: str, name: str) -> str:
        transposed = np.ascontiguousarray(self._weights[f"{name}.weight"].T)
        product = self._graph.node("MatMul", x, self._graph.constant(transposed, f"{name}.weight"))
        return self._graph.node("Add", product, self._weight(f"{name}.bias"))

    def _layer_norm(self, x: str, name: str) -> str:
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        epsilon = self._shape.layer_norm_epsilon
        return self._graph.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)

    def _embed(self) -> str:
        graph = self._graph
        table = "embeddings.{}_embeddings.weight".format
        words = graph.node("Gather", self._weight(table("word")), "input_ids")
        length = graph.node("Shape", "input_ids", start=1, end=2)
        # Shape -> Range -> Gather is the usual form; onnxruntime 1.32 folds it into a broken Slice.
        positions = graph.node(
            "Slice", self._weight(table("position")), graph.integers(0), length, graph.integers(0)
        )
        x = graph.node("Add", words, positions)
        if self._shape.token_types:
            types = graph.node("Gather", self._weight(table("token_type")), "token_type_ids")
            x = graph.node("Add", x, types)
        return self._layer_norm(x, "embeddings.LayerNorm")

    def _attention(self, x: str, mask: str, name: str) -> str:
        graph = self._graph
        heads = self._shape.heads
        split = graph.integers(0, 0, heads, self._width // heads)

        def project(part: str, order: Sequence[int]) -> str:
            flat = self._linear(x, f"{name}.self.{part}")
            return graph.node("Transpose", graph.node("Reshape", flat, split), perm=order)

        query, value = project("query", (0, 2, 1, 3)), project("value", (0, 2, 1, 3))
        key = project("key", (0, 2, 3, 1))
        root = graph.number(float(np.sqrt(self._width // heads)))
        logits = graph.node("Div", graph.node("MatMul", query, key), root)
        weights = graph.node("Softmax", graph.node("Add", logits, mask), axis=-1)
        mixed = graph.node("Transpose", graph.node("MatMul", weights, value), perm=(0, 2, 1, 3))
        joined = graph.node("Reshape", mixed, graph.integers(0, 0, self._width))
        return self._linear(joined, f"{name}.output.dense")

    def _gelu(self, x: str) -> str:
        graph = self._graph
        error = graph.node("Erf", graph.node("Div", x, graph.number(float(np.sqrt(2.0)))))
        gate = graph.node("Mul", graph.node("Add", error, graph.number(1.0)), graph.number(0.5))
        return graph.node("Mul", x, gate)

    def _mean_pool(self, x: str, mask: str) -> str:
        """Return the unit-length mean over tokens that are not padding."""
        graph = self._graph
        column = graph.node("Unsqueeze", mask, graph.integers(2))
        weighted = graph.node("Mul", x, column)
        total = graph.node("ReduceSum", weighted, graph.integers(1), keepdims=0)
        count = graph.node("ReduceSum", mask, graph.integers(1), keepdims=1)
        mean = graph.node("Div", total, count)
        norm = graph.node("ReduceL2", mean, axes=[1], keepdims=1)
        return graph.node("Div", mean, norm)

    def build(self, pooled: bool) -> onnx.ModelProto:
        """Return the model; its output is the token states or, pooled, the sentence embedding."""
        graph = self._graph
        mask = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
        absent = graph.node("Sub", graph.number(1.0), mask)
        logits_mask = graph.node("Mul", absent, graph.number(MASKED))
        logits_mask = graph.node("Unsqueeze", logits_mask, graph.integers(1, 2))
        x = self._embed()
        for layer in range(self._shape.layers):
            name = f"encoder.layer.{layer}"
            attended = self._attention(x, logits_mask, f"{name}.attention")
            x = graph.node("Add", x, attended)
            x = self._layer_norm(x, f"{name}.attention.output.LayerNorm")
            hidden = self._gelu(self._linear(x, f"{name}.intermediate.dense"))
            x = graph.node("Add", x, self._linear(hidden, f"{name}.output.dense"))
            x = self._layer_norm(x, f"{name}.output.LayerNorm")
        if pooled:
            output, name, axes = self._mean_pool(x, mask), "sentence_embedding", ["n"]
        else:
            output, name, axes = x, "last_hidden_state", ["n", "length"]
        graph.nodes.append(helper.make_node("Identity", [output], [name]))
        names = ["input_ids", "attention_mask", *["token_type_ids"] * self._shape.token_types]
        return helper.make_model(
            helper.make_graph(
                graph.nodes,
                "encoder",
                [
                    helper.make_tensor_value_info(n, TensorProto.INT64, ["n", "length"])
                    for n in names
                ],
                [helper.make_tensor_value_info(name, TensorProto.FLOAT, [*axes, self._width])],
                list(graph.constants.values()),
            ),
            ir_version=8,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="messplus",
        )

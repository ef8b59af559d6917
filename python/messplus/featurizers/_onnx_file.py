"""What must be known of an ONNX file before a runtime sees it: operators, loops, outside files.

This reads the few fields that matter and skips the tensors, so a gigabyte of weights costs nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from messplus.exceptions import EncoderError

from ._protobuf import Reader

_TOO_MANY = 10**12
_MAX_DEPTH = 32  # nesting of sub-graphs and of functions; models in the wild need two or three

# Field numbers of onnx.proto, by message.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTION = 7, 8, 25
_OPSET_DOMAIN = 1
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_FUNCTION_NAME, _FUNCTION_NODE, _FUNCTION_DOMAIN, _FUNCTION_ATTRIBUTE = 1, 7, 10, 11
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_SPARSE_TENSORS = (1, 2)
_TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL = 8, 9, 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

# Operators that run a graph of their own, as often as they like. Those of onnxruntime that do so
# besides (beam search and its kin) are known by the graph they carry.
_CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}

#: Domain and name of an operator or of a function of the model's own.
Call = tuple[str, str]


@dataclass
class OnnxFile:
    """What a model consists of.

    Attributes
    ----------
    operators
        Names of all operators used.
    domains
        Operator sets they come from; the empty string is ONNX itself.
    control_flow
        Operators among them that run graphs of their own: conditions and loops.
    external
        Files its tensors are stored in, as written in the model.
    nodes
        Calls of operators once functions are written out where they are called, counted up to
        10^12: thirty functions that call each other twice are a billion.
    """

    operators: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    control_flow: set[str] = field(default_factory=set)
    external: set[str] = field(default_factory=set)
    nodes: int = 0


def inspect(content: bytes, name: str = "graph") -> OnnxFile:
    """Read a serialised ONNX model, called ``name`` in errors.

    Raises
    ------
    EncoderError
        If the bytes are not an ONNX model.
    """
    try:
        return _Inspector().model(memoryview(content))
    except (ValueError, IndexError) as error:
        raise EncoderError(f"{name}: must be an ONNX model: {error}") from None


def constants(content: bytes) -> dict[str, bytes]:
    """Read the constants of a trusted model's graph that are stored as raw little-endian bytes."""
    reader = Reader()
    return {
        reader.text(tensor, _TENSOR_NAME): bytes(raw)
        for number, graph in reader.fields(memoryview(content))
        if number == _MODEL_GRAPH
        for field_number, tensor in reader.fields(graph)
        if field_number == _GRAPH_INITIALIZER
        for tensor_field, raw in reader.fields(tensor)
        if tensor_field == _TENSOR_RAW
    }


class _Inspector:
    def __init__(self) -> None:
        self._reader = Reader()
        self._found = OnnxFile()
        self._functions: dict[Call, Counter[Call]] = {}

    def model(self, model: memoryview) -> OnnxFile:
        graphs, calls = 0, Counter[Call]()
        for number, value in self._reader.fields(model):
            if number == _MODEL_GRAPH:
                graphs += 1
                self._graph(value, calls, 0)
            elif number == _MODEL_FUNCTION:
                self._function(value)
            elif number == _MODEL_OPSET:
                self._found.domains.add(self._reader.text(value, _OPSET_DOMAIN))
        if graphs != 1:
            raise ValueError(f"must have one graph, got {graphs}")
        self._found.nodes = self._written_out(calls, {}, 0)
        return self._found

    def _written_out(self, calls: Counter[Call], sizes: dict[Call, int], depth: int) -> int:
        """Count the nodes of these calls; functions may call each other, but not themselves."""
        if depth > _MAX_DEPTH:
            raise ValueError(f"functions nested deeper than {_MAX_DEPTH}")
        for call in calls:
            if call in self._functions and call not in sizes:
                sizes[call] = self._written_out(self._functions[call], sizes, depth + 1)
        return min(sum(count * sizes.get(call, 1) for call, count in calls.items()), _TOO_MANY)

    def _function(self, function: memoryview) -> None:
        text = self._reader.text
        name, domain = text(function, _FUNCTION_NAME), text(function, _FUNCTION_DOMAIN)
        # Listed twice it counts twice, whichever of them a runtime takes.
        calls = self._functions.setdefault(_call(domain, name), Counter())
        self._nodes(function, _FUNCTION_NODE, calls, 0)
        for number, attribute in self._reader.fields(function):
            if number == _FUNCTION_ATTRIBUTE and self._attribute(attribute, calls, 0):
                self._found.control_flow.add(name)

    def _graph(self, graph: memoryview, calls: Counter[Call], depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError(f"graphs nested deeper than {_MAX_DEPTH}")
        self._nodes(graph, _GRAPH_NODE, calls, depth)
        for number, value in self._reader.fields(graph):
            if number == _GRAPH_INITIALIZER:
                self._tensor(value)
            elif number == _GRAPH_SPARSE:
                self._sparse(value)

    def _nodes(
        self, parent: memoryview, node_number: int, calls: Counter[Call], depth: int
    ) -> None:
        text, found = self._reader.text, self._found
        for number, node in self._reader.fields(parent):
            if number != node_number:
                continue
            operator, domain = text(node, _NODE_OPERATOR), text(node, _NODE_DOMAIN)
            found.operators.add(operator)
            found.domains.add(domain)
            calls[_call(domain, operator)] += 1
            carries = [
                self._attribute(attribute, calls, depth)
                for node_field, attribute in self._reader.fields(node)
                if node_field == _NODE_ATTRIBUTE
            ]
            if any(carries) or operator in _CONTROL_FLOW:
                found.control_flow.add(operator)

    def _attribute(self, attribute: memoryview, calls: Counter[Call], depth: int) -> bool:
        """Whether the attribute is a graph."""
        carries = False
        for number, value in self._reader.fields(attribute):
            if number in _ATTRIBUTE_GRAPHS:
                self._graph(value, calls, depth + 1)
                carries = True
            elif number in _ATTRIBUTE_TENSORS:
                self._tensor(value)
            elif number in _ATTRIBUTE_SPARSE:
                self._sparse(value)
        return carries

    def _sparse(self, sparse: memoryview) -> None:
        for number, value in self._reader.fields(sparse):
            if number in _SPARSE_TENSORS:
                self._tensor(value)

    def _tensor(self, tensor: memoryview) -> None:
        text = self._reader.text
        for number, entry in self._reader.fields(tensor):
            if number == _TENSOR_EXTERNAL and text(entry, _ENTRY_KEY) == "location":
                self._found.external.add(text(entry, _ENTRY_VALUE))


def _call(domain: str, name: str) -> Call:
    return "" if domain == "ai.onnx" else domain, name

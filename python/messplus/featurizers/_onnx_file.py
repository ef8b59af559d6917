"""What must be known of an ONNX file before a runtime sees it: operators and outside files.

ONNX is a protocol-buffers message. This reads the few fields that matter and skips the tensors,
so a gigabyte of weights costs nothing. By hand, because the file may be hostile: the package
``onnx`` would parse all of it first, and would be one more dependency at run time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from messplus.exceptions import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZE = {_FIXED64: 8, _FIXED32: 4}
_MAX_DEPTH = 32  # nesting of sub-graphs; models in the wild need two or three

# Field numbers of onnx.proto, by message.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTION = 7, 8, 25
_OPSET_DOMAIN = 1
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_FUNCTION_NODE = 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_SPARSE_TENSORS = (1, 2)
_TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL = 8, 9, 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


@dataclass
class OnnxFile:
    """Operators and outside files a model names.

    Attributes
    ----------
    operators
        Names of all operators used.
    domains
        Operator sets they come from; the empty string is ONNX itself.
    external
        Files its tensors are stored in, as written in the model.
    """

    operators: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    external: set[str] = field(default_factory=set)


def inspect(content: bytes, name: str = "graph") -> OnnxFile:
    """Read a serialised ONNX model, called ``name`` in errors.

    Raises
    ------
    EncoderError
        If the bytes are not an ONNX model.
    """
    found = OnnxFile()
    graphs = 0
    try:
        for number, value in _fields(memoryview(content)):
            if number == _MODEL_GRAPH:
                graphs += 1
                _graph(value, found, 0)
            elif number == _MODEL_FUNCTION:
                _nodes(value, _FUNCTION_NODE, found, 0)
            elif number == _MODEL_OPSET:
                found.domains.add(_text(value, _OPSET_DOMAIN))
    except (ValueError, IndexError) as error:
        raise EncoderError(f"{name}: must be an ONNX model: {error}") from None
    if graphs != 1:
        raise EncoderError(f"{name}: must be an ONNX model with one graph, got {graphs}")
    return found


def constants(content: bytes) -> dict[str, bytes]:
    """Read the constants of a trusted model's graph that are stored as raw little-endian bytes."""
    return {
        _text(tensor, _TENSOR_NAME): bytes(raw)
        for number, graph in _fields(memoryview(content))
        if number == _MODEL_GRAPH
        for field_number, tensor in _fields(graph)
        if field_number == _GRAPH_INITIALIZER
        for tensor_field, raw in _fields(tensor)
        if tensor_field == _TENSOR_RAW
    }


def _graph(graph: memoryview, found: OnnxFile, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"graphs nested deeper than {_MAX_DEPTH}")
    _nodes(graph, _GRAPH_NODE, found, depth)
    for number, value in _fields(graph):
        if number == _GRAPH_INITIALIZER:
            _tensor(value, found)
        elif number == _GRAPH_SPARSE:
            _sparse(value, found)


def _nodes(parent: memoryview, node_number: int, found: OnnxFile, depth: int) -> None:
    for number, node in _fields(parent):
        if number != node_number:
            continue
        found.operators.add(_text(node, _NODE_OPERATOR))
        found.domains.add(_text(node, _NODE_DOMAIN))
        for node_field, attribute in _fields(node):
            if node_field == _NODE_ATTRIBUTE:
                _attribute(attribute, found, depth)


def _attribute(attribute: memoryview, found: OnnxFile, depth: int) -> None:
    for number, value in _fields(attribute):
        if number in _ATTRIBUTE_GRAPHS:
            _graph(value, found, depth + 1)
        elif number in _ATTRIBUTE_TENSORS:
            _tensor(value, found)
        elif number in _ATTRIBUTE_SPARSE:
            _sparse(value, found)


def _sparse(sparse: memoryview, found: OnnxFile) -> None:
    for number, value in _fields(sparse):
        if number in _SPARSE_TENSORS:
            _tensor(value, found)


def _tensor(tensor: memoryview, found: OnnxFile) -> None:
    for number, entry in _fields(tensor):
        if number == _TENSOR_EXTERNAL and _text(entry, _ENTRY_KEY) == "location":
            found.external.add(_text(entry, _ENTRY_VALUE))


def _text(message: memoryview, wanted: int) -> str:
    """Return a string field, the last if it is repeated, as protocol buffers say."""
    text = ""
    for number, value in _fields(message):
        if number == wanted:
            text = bytes(value).decode("utf-8")
    return text


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of the length-delimited fields; numbers are checked and skipped."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        wire_type = key & 7
        if wire_type == _VARINT:
            _, position = _varint(message, position)
            continue
        if wire_type == _BYTES:
            size, position = _varint(message, position)
        elif wire_type in _FIXED_SIZE:
            size = _FIXED_SIZE[wire_type]
        else:
            raise ValueError(f"wire type {wire_type} at byte {position}")
        end = position + size
        if end > len(message):
            raise ValueError(f"truncated at byte {position}")
        if wire_type == _BYTES:
            yield key >> 3, message[position:end]
        position = end


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError(f"number longer than 10 bytes at byte {position}")

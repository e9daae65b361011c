"""An ONNX file as bytes: as much of the protobuf wire format as it takes to read a graph, and to cut one short.

onnxruntime runs whole graphs only and lists no operators; the package onnx, which could do both, is for training. A
message is a row of fields: a varint of number and kind, then the value
(https://protobuf.dev/programming-guides/encoding/). Names and numbers of fields are those of onnx.proto, which never
change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from unseam.errors import ModelError

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_OUTPUT = 1, 12
NODE_INPUT, NODE_OUTPUT = 1, 2
VALUE_NAME = 1
"""Numbers of fields in onnx.proto: of ModelProto, GraphProto, NodeProto, ValueInfoProto."""

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
"""Kinds of values on the wire; the two that are missing were given up before ONNX began."""

LONGEST_VARINT = 10
"""Bytes of a 64-bit number."""


class Field(NamedTuple):
    """One field of a message: its number, its value (a number, or the bytes of a text or message), all of its bytes."""

    number: int
    value: int | memoryview
    whole: memoryview


def fields(message: memoryview) -> Iterator[Field]:
    """Read the fields of a message in their order; ModelError where the bytes are none."""
    position = 0
    while position < len(message):
        start = position
        key, position = _varint(message, position)
        kind = key & 7
        if kind == VARINT:
            value, position = _varint(message, position)
            yield Field(key >> 3, value, message[start:position])
            continue
        if kind == BYTES:
            length, position = _varint(message, position)
        elif kind in (FIXED_32, FIXED_64):
            length = 4 if kind == FIXED_32 else 8
        else:
            raise ModelError(f"found a protobuf field of kind {kind}, expected an ONNX file")
        if position + length > len(message):
            raise ModelError("found a file that ends within a field, expected a whole ONNX file")
        yield Field(key >> 3, message[position : position + length], message[start : position + length])
        position += length


def messages(message: memoryview, number: int) -> list[memoryview]:
    """Return the bytes of every field of this number that holds a text or a message."""
    return [field.value for field in fields(message) if field.number == number and not isinstance(field.value, int)]


def texts(message: memoryview, number: int) -> list[str]:
    """Return every text of a field of this number."""
    return [bytes(value).decode("utf-8", "replace") for value in messages(message, number)]


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; the number and where it ends."""
    value = 0
    for place, byte in enumerate(message[position : position + LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, position + place + 1
    raise ModelError("found a number without an end, expected an ONNX file")


def cut_short(model: bytes, output: str) -> bytes:
    """Leave out of a model all that one of its outputs does not need.

    Parameters
    ----------
    model : bytes
        An ONNX file whose weights are inside.
    output : str
        The output that stays.

    Returns
    -------
    bytes
        An ONNX file with this output alone; weights that nothing uses are still in it, and onnxruntime drops them.

    Raises
    ------
    ModelError
        The bytes are no ONNX file, or it has no such output.
    """
    whole = memoryview(model)
    return b"".join(
        _field(MODEL_GRAPH, _graph_for(field.value, output))
        if field.number == MODEL_GRAPH and not isinstance(field.value, int)
        else bytes(field.whole)
        for field in fields(whole)
    )


def _graph_for(graph: memoryview, output: str) -> bytes:
    outputs = [name for value in messages(graph, GRAPH_OUTPUT) for name in texts(value, VALUE_NAME)]
    if output not in outputs:
        raise ModelError(f"found outputs {outputs}, expected {output!r} among them")
    kept = _needed(messages(graph, GRAPH_NODE), output)
    parts, node = [], 0
    for field in fields(graph):
        if field.number == GRAPH_NODE:
            node += 1
            if node - 1 not in kept:
                continue
        if field.number == GRAPH_OUTPUT and not _is_named(field, output):
            continue
        parts.append(field.whole)
    return b"".join(parts)


def _is_named(field: Field, name: str) -> bool:
    return not isinstance(field.value, int) and texts(field.value, VALUE_NAME) == [name]


def _needed(nodes: list[memoryview], output: str) -> set[int]:
    """Say which nodes an output comes from; a graph's nodes stand in the order in which they run."""
    wanted, kept = {output}, set()
    for number in range(len(nodes) - 1, -1, -1):
        if wanted.intersection(texts(nodes[number], NODE_OUTPUT)):
            kept.add(number)
            wanted.update(texts(nodes[number], NODE_INPUT))
    return kept


def _field(number: int, value: bytes) -> bytes:
    return _as_varint(number << 3 | BYTES) + _as_varint(len(value)) + value


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

"""What a model file may contain: what `unseam export` writes, in similar amounts, and nothing else.

An ONNX file is a program. onnxruntime reads other files where a tensor names them, runs loops, and calls
whatever library has registered a domain. A file is therefore read field by field before onnxruntime sees it: a field,
an operator or an amount that `unseam export` would not have written is refused, known to be harmful or not. Fields that
occurs once may not occur twice, so that two readers cannot disagree about the content.

What is left can compute, and nothing else. How long and with how much memory that is depends on the photo, too: scan
and serve bound both for each of their processes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from unseam.errors import ModelError
from unseam.models.document import METADATA_KEY, demand
from unseam.models.onnx_wire import fields

LARGEST_BYTES = 8 * 2**20
"""Of a model file, as it is written and as it is read: the paper's largest network takes 5.9 MiB."""

LARGEST_METADATA = 2**18
"""Bytes of the settings: 35 times what the network with the longest list of scores takes."""

# fmt: off
OPERATORS = frozenset((
    "Add", "AveragePool", "Clip", "Concat", "Conv", "ConvTranspose", "DepthToSpace", "Div", "Expand", "Gather",
    "Gemm", "LSTM", "LayerNormalization", "LeakyRelu", "MatMul", "MaxPool", "Mul", "ReduceMax", "ReduceMean", "Relu",
    "Reshape", "Shape", "Sigmoid", "Slice", "Squeeze", "Sub", "Transpose", "Unsqueeze",
))
# fmt: on
"""Of ONNX's own domain: those of all networks in recipes/, as they are exported. None holds a graph of its own."""

REARRANGING = frozenset({"Concat", "Slice", "Unsqueeze"})
"""Operators that may have only constants as inputs, such as those that reorder the weights of an LSTM. onnxruntime
computes such nodes when it loads a file; others could allocate more memory than there is, before any photo."""

OPSETS, IR_VERSIONS = range(18, 22), range(8, 11)
"""Versions of ONNX that the oldest supported onnxruntime (1.20) reads; 20 and 10 are written."""

FLOAT, INT64 = 1, 7
"""TensorProto.DataType: weights, and sizes or places."""

BYTES_OF = {FLOAT: 4, INT64: 8}

LARGEST_CONSTANT = 2**20
"""Maximum of integers among the constants: sizes and indices; those of `unseam export` end at 16384."""

LARGEST_ATTRIBUTE = 2**10
"""Maximum of integers among the attributes: kernels, paddings, axes, widths; those of `unseam export` end at 256."""

Found = dict[str, list[int | memoryview]]
"""The values of a message's fields, by the fields' names."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One kind of message of onnx.proto: the fields that may occur, by number, and how often (once by default)."""

    name: str
    allowed: Mapping[int, str]
    limits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    known: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Names of fields that are refused, for the message; those without a name are refused as well."""


_MODEL = _Message(
    "the file",
    {1: "IR version", 2: "producer", 3: "producer version", 7: "graph", 8: "operator set", 14: "metadata"},
    {"operator set": 1, "metadata": 16},
    {4: "domain", 20: "training graph", 25: "function"},
)
_GRAPH = _Message(
    "the graph",
    {1: "node", 2: "name", 5: "constant", 11: "input", 12: "output", 13: "value", 16: "metadata"},
    {"node": 1000, "constant": 500, "input": 1, "output": 3, "value": 2000, "metadata": 16},
    {14: "quantization annotation", 15: "sparse constant"},
)
_NODE = _Message(
    "a node",
    {1: "input", 2: "output", 3: "name", 4: "operator", 5: "attribute", 7: "domain"},
    {"input": 64, "output": 16, "attribute": 16},
)
_ATTRIBUTE = _Message(
    "an attribute",
    {1: "name", 2: "float", 3: "integer", 4: "text", 8: "integers", 20: "type"},
    {"integers": 64},
    {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 21: "reference"},
)
_TENSOR = _Message(
    "a constant",
    {1: "size", 2: "type", 8: "name", 9: "data"},
    {"size": 8},
    {13: "external data", 14: "place of external data"},
)
_VALUE = _Message("a value", {1: "name", 2: "type", 3: "remark", 4: "metadata"}, {"metadata": 16})
_TYPE = _Message("a type", {1: "tensor", 6: "meaning"})
_TENSOR_TYPE = _Message("a tensor's type", {1: "element", 2: "shape"})
_SHAPE = _Message("a shape", {1: "size"}, {"size": 8})
_SIZE = _Message("a size", {1: "number", 2: "name", 3: "meaning"})
_ENTRY = _Message("an entry of the metadata", {1: "key", 2: "value"})
_OPERATOR_SET = _Message("an operator set", {1: "domain", 2: "version"})


def check_contents(model: bytes) -> str:
    """Refuse a model file that holds anything that `unseam export` does not write; give the text of its settings.

    Parameters
    ----------
    model : bytes
        Of the file, at most `LARGEST_BYTES`.

    Raises
    ------
    ModelError
        With what was found and what was expected.
    """
    found = _read(memoryview(model), _MODEL)
    _check_versions(found)
    graph = _read(_only(found, "graph", _MODEL), _GRAPH)
    for value in graph["input"] + graph["output"]:  # "value" holds what the exporter knew about those in between
        _check_value(_bytes(value, "a value"))
    constants = dict(_constant(_bytes(tensor, "a constant")) for tensor in graph["constant"])
    for node in graph["node"]:
        _check_node(_read(_bytes(node, "a node"), _NODE), constants)
    return _settings(found)


def _read(message: memoryview, kind: _Message) -> Found:
    """Return the fields of a message by name; refuse those that may not occur, or not so often."""
    found: Found = {name: [] for name in kind.allowed.values()}
    for number, value, _ in fields(message):
        if number not in kind.allowed:
            name = kind.known.get(number, f"field {number}")
            raise ModelError(f"found a {name} in {kind.name}, expected only what `unseam export` writes")
        name = kind.allowed[number]
        found[name].append(value)
        limit = kind.limits.get(name, 1)
        demand(len(found[name]) <= limit, f"more than {limit} x {name} in {kind.name}", "a file of `unseam export`")
    return found


def _only(found: Found, name: str, kind: _Message) -> memoryview:
    demand(len(found[name]) == 1, f"no {name} in {kind.name}", "an ONNX file written by `unseam export`")
    return _bytes(found[name][0], name)


def _bytes(value: int | memoryview, name: str) -> memoryview:
    if isinstance(value, int):
        raise ModelError(f"found a number as {name}, expected an ONNX file")
    return value


def _text(values: list[int | memoryview], name: str) -> str:
    """Return the text of a field that may be missing."""
    try:
        return str(_bytes(values[0], name), "utf-8") if values else ""
    except UnicodeDecodeError as error:
        raise ModelError(f"found a {name} that is not text, expected UTF-8") from error


def _number(values: list[int | memoryview], name: str) -> int:
    """Return the number of a field; 0 if it is missing, as ONNX means it."""
    value = values[0] if values else 0
    if not isinstance(value, int):
        raise ModelError(f"found bytes as {name}, expected a number")
    return value


def _numbers(values: list[int | memoryview], limit: int, name: str) -> list[int]:
    """Return the numbers of a field, each written by itself or several in one; negative ones as such."""
    found: list[int] = []
    for value in values:
        found += [value] if isinstance(value, int) else _packed(value, limit, name)
        demand(len(found) <= limit, f"more than {limit} {name}", "a file of `unseam export`")
    return [number - 2**64 if number >= 2**63 else number for number in found]


def _packed(numbers: memoryview, limit: int, name: str) -> list[int]:
    """Read consecutive varints."""
    demand(len(numbers) <= 10 * limit, f"more than {limit} {name}", "a file of `unseam export`")
    found, value, place = [], 0, 0
    for byte in numbers:
        value, place = value | (byte & 0x7F) << place, place + 7
        if byte < 0x80:
            found.append(value)
            value, place = 0, 0
    demand(place == 0, f"{name} that end within a number", "an ONNX file")
    return found


def _check_versions(found: Found) -> None:
    version = _number(found["IR version"], "IR version")
    demand(version in IR_VERSIONS, f"IR version {version}", f"{IR_VERSIONS[0]} to {IR_VERSIONS[-1]}")
    operators = _read(_only(found, "operator set", _MODEL), _OPERATOR_SET)
    domain = _text(operators["domain"], "domain")
    demand(domain == "", f"operators of the domain {_short(domain)}", "ONNX's own alone")
    version = _number(operators["version"], "version")
    demand(version in OPSETS, f"operator set {version}", f"{OPSETS[0]} to {OPSETS[-1]}; export the model again")


def _check_value(value: memoryview) -> None:
    """Refuse what is not a tensor, or has sizes that `unseam export` does not write."""
    found = _read(value, _VALUE)
    _text(found["name"], "name")
    for kind in found["type"]:
        tensor = _read(_only(_read(_bytes(kind, "a type"), _TYPE), "tensor", _TYPE), _TENSOR_TYPE)
        for shape in tensor["shape"]:
            for size in _read(_bytes(shape, "a shape"), _SHAPE)["size"]:
                number = _number(_read(_bytes(size, "a size"), _SIZE)["number"], "size")
                demand(number <= LARGEST_CONSTANT, f"a size of {number}", f"at most {LARGEST_CONSTANT}")


def _constant(tensor: memoryview) -> tuple[str, int]:
    """Check one constant, and give its name and how many bytes it takes."""
    found = _read(tensor, _TENSOR)
    name, kind = _text(found["name"], "name"), _number(found["type"], "type")
    demand(kind in BYTES_OF, f"constant {_short(name)} of type {kind}", "float32 or int64")
    sizes = _numbers(found["size"], _TENSOR.limits["size"], "sizes of a constant")
    demand(min(sizes, default=0) >= 0, f"constant {_short(name)} of sizes {sizes}", "no negative ones")
    data = _bytes(found["data"][0], "data") if found["data"] else memoryview(b"")
    wanted = math.prod(sizes) * BYTES_OF[kind]
    demand(len(data) == wanted, f"constant {_short(name)} of {len(data)} bytes, sizes {sizes}", f"{wanted} bytes")
    if kind == INT64 and wanted:
        numbers = np.frombuffer(data, "<i8")
        worst = int(max(abs(int(numbers.min())), abs(int(numbers.max()))))
        demand(worst <= LARGEST_CONSTANT, f"constant {_short(name)} with {worst}", f"at most {LARGEST_CONSTANT}")
    return name, wanted


def _check_node(found: Found, constants: dict[str, int]) -> None:
    """Refuse an unknown node; the outputs of one with only constants as inputs are constants, with their bytes."""
    operator, domain = _text(found["operator"], "operator"), _text(found["domain"], "domain")
    demand(domain == "", f"an operator of the domain {_short(domain)}", "ONNX's own alone")
    demand(operator in OPERATORS, f"the operator {_short(operator)}", "one of " + ", ".join(sorted(OPERATORS)))
    for attribute in found["attribute"]:
        _check_attribute(_bytes(attribute, "an attribute"))
    inputs = [_text([value], "name of an input") for value in found["input"]]
    used = [constants.get(name) for name in inputs if name]
    taken = [size for size in used if size is not None]
    if len(taken) == len(used):
        demand(operator in REARRANGING, f"{operator} of constants alone", "the constant that it makes, in its place")
        demand(sum(taken) <= LARGEST_BYTES, f"{operator} that makes {sum(taken)} bytes", f"at most {LARGEST_BYTES}")
        constants |= {_text([value], "name of an output"): sum(taken) for value in found["output"]}


def _check_attribute(attribute: memoryview) -> None:
    found = _read(attribute, _ATTRIBUTE)
    many = _numbers(found["integers"], _ATTRIBUTE.limits["integers"], "numbers of an attribute")
    one = _numbers(found["integer"], 1, "number of an attribute")
    worst = max((abs(number) for number in many + one), default=0)
    name = _short(_text(found["name"], "name"))
    demand(worst <= LARGEST_ATTRIBUTE, f"attribute {name} with {worst}", f"at most {LARGEST_ATTRIBUTE}")


def _settings(found: Found) -> str:
    entries = [_read(_bytes(entry, "an entry of the metadata"), _ENTRY) for entry in found["metadata"]]
    values = [entry["value"] for entry in entries if _text(entry["key"], "key") == METADATA_KEY]
    demand(bool(values), f"no metadata {METADATA_KEY!r}", "a file written by `unseam export`")
    demand(len(values) == 1, f"metadata {METADATA_KEY!r} twice", "once")
    size = sum(len(_bytes(value, "metadata")) for value in values[0])
    demand(size <= LARGEST_METADATA, f"metadata of {size} bytes", f"at most {LARGEST_METADATA}")
    return _text(values[0], "value of the metadata")


def _short(name: str) -> str:
    """Quote a name from a file so that it fits into a message."""
    return repr(name if len(name) <= 40 else name[:40] + "...")

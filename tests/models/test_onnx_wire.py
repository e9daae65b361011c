from itertools import accumulate

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from unseam.errors import ModelError
from unseam.models.onnx_wire import cut_short, fields, messages, texts


def model() -> onnx.ModelProto:
    """Two outputs: twice the input, and the square of that; a branch that neither needs."""
    two = numpy_helper.from_array(np.array(2, np.float32), "two")
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["double"]),
        helper.make_node("Neg", ["x"], ["unused"]),
        helper.make_node("Mul", ["double", "double"], ["square"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in ("x", "double", "square")]
    graph = helper.make_graph(nodes, "squares", values[:1], values[1:], [two])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(made, {"unseam": "é" * 300})
    return made


@pytest.mark.parametrize(("output", "left"), [("double", ["Mul"]), ("square", ["Mul", "Mul"])])
def test_a_graph_is_cut_down_to_what_one_output_needs(output: str, left: list[str]) -> None:
    short = onnx.load_from_string(cut_short(model().SerializeToString(), output))
    onnx.checker.check_model(short, full_check=True)
    assert [node.op_type for node in short.graph.node] == left
    assert [value.name for value in short.graph.output] == [output]
    assert [value.name for value in short.graph.input] == ["x"]
    assert short.metadata_props == model().metadata_props


def test_an_output_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match=r"found outputs \['double', 'square'\], expected 'cube' among them"):
        cut_short(model().SerializeToString(), "cube")


def test_every_field_is_read_as_the_package_onnx_reads_it() -> None:
    whole = memoryview(model().SerializeToString())
    assert b"".join(field.whole for field in fields(whole)) == bytes(whole)
    (graph,) = messages(whole, 7)
    assert [texts(node, 4) for node in messages(graph, 1)] == [["Mul"], ["Neg"], ["Mul"]]
    assert {field.number: field.value for field in fields(whole) if isinstance(field.value, int)} == {1: 9}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x3a\x05abc", "ends within a field"),
        (b"\x3a", "a number without an end"),
        (b"\xff" * 12, "a number without an end"),
        (b"\x3b\x00", "a protobuf field of kind 3"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "ends within a field"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        cut_short(data, "double")


def test_a_model_that_ends_within_a_field_is_refused_wherever_that_is() -> None:
    data = model().SerializeToString()
    whole = {0, *accumulate(len(field.whole) for field in fields(memoryview(data)))}
    for end in set(range(len(data))) - whole:
        with pytest.raises(ModelError):
            cut_short(data[:end], "double")

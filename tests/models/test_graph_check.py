"""Model files that hold what `unseam export` does not write: refused before onnxruntime sees them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from support.tiny_models import METADATA, graph, save_model
from unseam.errors import ModelError
from unseam.models.graph_check import LARGEST_BYTES, LARGEST_METADATA, OPERATORS, check_contents
from unseam.models.load import load_model
from unseam.models.network import NetworkOptions
from unseam.photo.photo import load_photo

Change = Callable[[onnx.ModelProto], None]
HEADS = ("patch_probability", "pixel_probability")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return save_model(tmp_path / "model.onnx", graph(HEADS), json.dumps(METADATA))


def changed(path: Path, change: Change) -> Path:
    model = onnx.load_model_from_string(path.read_bytes())
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def node(operator: str, *inputs: str, **attributes: Any) -> Change:
    return lambda model: model.graph.node.append(helper.make_node(operator, inputs, ["more"], **attributes))


def constant(name: str, values: Any, kind: Any) -> Change:
    return lambda model: model.graph.initializer.append(numpy_helper.from_array(np.array(values, kind), name))


def loop(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Loop", ["trips"], ["more"], body=helper.make_graph([], "body", [], [])))


def graph_in_attribute(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("body", helper.make_graph([], "body", [], [])))


def external_data(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def custom_domain(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def node_of_custom_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


def function(model: onnx.ModelProto) -> None:
    made = helper.make_function("own", "Twice", ["x"], ["y"], [helper.make_node("Add", ["x", "x"], ["y"])], [])
    model.functions.append(made)


def gigantic_input(model: onnx.ModelProto) -> None:
    for size in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        size.dim_value = 2**40


def training_graph(model: onnx.ModelProto) -> None:
    model.training_info.add()


def sparse_constant(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def other_versions(field: str, number: int) -> Change:
    return lambda model: setattr(model if field == "ir_version" else model.opset_import[0], field, number)


def settings_twice(model: onnx.ModelProto) -> None:
    model.metadata_props.add(key="unseam", value="{}")


def sizes_that_lie(model: onnx.ModelProto) -> None:
    model.graph.initializer[1].dims[0] = 10**12


def negative_sizes(model: onnx.ModelProto) -> None:
    model.graph.initializer[1].dims[:] = [-1, -2]


def both(*changes: Change) -> Change:
    return lambda model: [change(model) for change in changes] and None


CASES: dict[str, tuple[Change, str]] = {
    "forbidden operator": (node("NonZero", "patches"), "the operator 'NonZero', expected one of Add, "),
    "loop": (loop, "the operator 'Loop', expected one of"),
    "condition": (node("If", "patches"), "the operator 'If'"),
    "graph in an attribute": (graph_in_attribute, "a graph in an attribute, expected only what `unseam export` writes"),
    "external data": (external_data, "external data in a constant"),
    "custom domain": (custom_domain, "more than 1 x operator set"),
    "node of a custom domain": (node_of_custom_domain, "an operator of the domain 'com.microsoft'"),
    "function": (function, "a function in the file"),
    "training graph": (training_graph, "a training graph in the file"),
    "sparse constant": (sparse_constant, "a sparse constant in the graph"),
    "gigantic input": (gigantic_input, f"a size of {2**40}, expected at most {2**20}"),
    "old operator set": (other_versions("version", 9), "operator set 9, expected 18 to 21"),
    "new operator set": (other_versions("version", 99), "operator set 99, expected 18 to 21; export the model again"),
    "IR version": (other_versions("ir_version", 3), "IR version 3, expected 8 to 10"),
    "settings twice": (settings_twice, "metadata 'unseam' twice"),
    "sizes that lie": (sizes_that_lie, f"expected {8 * 10**12} bytes"),
    "negative sizes": (negative_sizes, "of sizes [-1, -2], expected no negative ones"),
    "other numbers": (constant("fine", [1], np.float64), "constant 'fine' of type 11, expected float32 or int64"),
    "many nodes": (lambda m: [node("Relu", "patches")(m) for _ in range(1001)] and None, "more than 1000 x node"),
    "many dimensions": (constant("deep", [[[[[[[[[1]]]]]]]]], np.float32), "more than 8 x size in a constant"),
    "large constant": (constant("far", [2**40], np.int64), f"constant 'far' with {2**40}, expected at most {2**20}"),
    "large attribute": (node("MaxPool", "patches", kernel_shape=[2**30, 1]), f"'kernel_shape' with {2**30}, expected"),
    "negative attribute": (node("MaxPool", "patches", pads=[-(2**30)] * 4), f"'pads' with {2**30}, expected at most"),
    "long attribute": (node("Transpose", "patches", perm=list(range(65))), "more than 64"),
    "array made when loading": (
        both(constant("one", 1, np.float32), constant("large", [2**20] * 3, np.int64), node("Expand", "one", "large")),
        "Expand of constants alone",
    ),
    "constant doubled again and again": (
        both(
            constant("doubled0", np.zeros(1000), np.float32),
            lambda m: (
                [
                    m.graph.node.append(helper.make_node("Concat", [f"doubled{n}"] * 2, [f"doubled{n + 1}"], axis=0))
                    for n in range(40)
                ]
                and None
            ),
        ),
        "Concat that makes 16384000 bytes",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_we_never_write_is_refused_with_its_name(sound: Path, case: str) -> None:
    change, told = CASES[case]
    with pytest.raises(ModelError) as raised:
        load_model(changed(sound, change))
    assert str(raised.value).startswith(f"{sound}: not a usable ONNX file (found ")
    assert told in str(raised.value)


def test_the_change_alone_is_what_the_cases_are_refused_for(sound: Path) -> None:
    assert load_model(sound).info.name == "brightness"
    assert load_model(changed(sound, node("Relu", "patches"))).info.name == "brightness"


def test_a_field_of_another_kind_than_it_should_be_is_refused() -> None:
    for content, told in [
        (b"\x3a\x00" * 2, "more than 1 x graph"),
        (b"\x38\x01", "IR version 0"),
        (b"\x08\x0a\x38\x01\x42\x02\x10\x14", "a number as graph"),
        (b"\x0a\x01\x0a", "bytes as IR version"),
        (b"\xf8\x7f\x01", "field 2047"),
    ]:
        with pytest.raises(ModelError, match=told):
            check_contents(content)


def test_every_truncation_of_a_sound_file_is_refused(sound: Path) -> None:
    model = sound.read_bytes()
    check_contents(model)
    for end in range(0, len(model), 7):
        with pytest.raises(ModelError):
            check_contents(model[:end])


def test_a_name_that_is_no_text_is_refused(sound: Path) -> None:
    sound.write_bytes(sound.read_bytes().replace(b"pixel_probability", b"pixel\xff\xfe\xfdobability"))
    with pytest.raises(ModelError, match="is not text, expected UTF-8"):
        load_model(sound)


def test_a_file_is_measured_before_it_is_read(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound.open("r+b") as file:
        file.truncate(LARGEST_BYTES + 1)
    monkeypatch.setattr(Path, "open", None)
    with pytest.raises(ModelError, match=r"more than 8 MiB; expected an ONNX file written by `unseam export`"):
        load_model(sound)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_is_no_model_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    failures: list[BaseException] = []

    def load() -> None:
        try:
            load_model(tmp_path / "pipe.onnx")
        except ModelError as error:
            failures.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert "not a file; expected an ONNX file" in str(failures[0])


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("[" * 100_000, "metadata that is not JSON"),
        ('{"a": ' * 40 + "1" + "}" * 40, "nested more than 16 levels deep"),
        (json.dumps({**METADATA, "recipe": {"rate": float("nan")}}), "the number NaN, expected finite numbers"),
        (json.dumps({**METADATA, "recipe": {"rate": 1}}).replace("1}", "1e999}", 1), "the number '1e999'"),
        (json.dumps({**METADATA, "patch_side": 8 * 10**4000}), "patch_side 8000"),
        (json.dumps(METADATA).replace('"stride": 32', '"stride": ' + "9" * 5000), "metadata that is not JSON"),
        (json.dumps({**METADATA, "patch_side": 2**20}), "patch_side 1048576, expected a multiple of 8 up to 512"),
        (json.dumps({**METADATA, "smoothing_sigma": 1e9}), "smoothing_sigma 1000000000.0, expected a number from 0 to"),
        (json.dumps({**METADATA, "input_scale": 1e9}), "input_scale 1000000000.0, expected a number up to"),
        (json.dumps({**METADATA, "heat_calibration": {"slope": 1e9, "intercept": 0}}), "heat_calibration.slope"),
        (json.dumps({**METADATA, "detects": "a" * 5000}), "one line of at most 2000 characters that can be printed"),
        (json.dumps({**METADATA, "detects": "\x1b[2J"}), r"detects '\x1b[2J', expected one line"),
        (json.dumps({**METADATA, "name": "a" * 60_000}), "name 'aaaa"),
        (json.dumps({**METADATA, "more": "a" * LARGEST_METADATA}), f"expected at most {LARGEST_METADATA}"),
        (json.dumps([METADATA]), "metadata of type list, expected a JSON object"),
    ],
)
def test_settings_that_are_a_bomb_are_refused_in_a_short_message(tmp_path: Path, metadata: str, told: str) -> None:
    path = save_model(tmp_path / "model.onnx", graph(HEADS), metadata)
    with pytest.raises(ModelError) as raised:
        load_model(path)
    assert told in str(raised.value)
    assert len(str(raised.value)) < 500 + len(str(path))


def test_a_graph_that_fails_on_a_photo_is_a_model_error(sound: Path) -> None:
    def wrong_sizes(model: onnx.ModelProto) -> None:
        constant("sizes", [-1, 7, 64, 64], np.int64)(model)
        model.graph.node[0].input[0] = "odd"
        model.graph.node.insert(0, helper.make_node("Reshape", ["patches", "sizes"], ["odd"]))

    changed(sound, wrong_sizes)
    with pytest.raises(ModelError, match=r"model\.onnx: the network failed \(.*; expected one written by"):
        load_model(sound, NetworkOptions(threads=1))(load_photo(np.zeros((64, 64, 3), np.uint8)))


def test_no_operator_that_may_be_used_holds_a_graph_of_its_own_or_makes_arrays_from_nothing() -> None:
    for operator in OPERATORS:
        schema = onnx.defs.get_schema(operator)
        assert not any("GRAPH" in str(attribute.type) for attribute in schema.attributes.values())
        assert schema.min_input > 0

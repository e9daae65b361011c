"""Model files that are broken, lie, or want something else than to judge patches."""

import json
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from onnx import TensorProto, helper

from fuzzing.byte_mutations import MUTATIONS as BYTE_MUTATIONS
from fuzzing.byte_mutations import odd_number
from fuzzing.text_mutations import TEXTS, mutated_json
from support.tiny_models import METADATA, graph, save_model

SHIPPED = Path(__file__).parents[2] / "src" / "unseam" / "assets" / "fusion.onnx"
HEADS = ("patch_probability", "pixel_probability")
OPERATORS = (
    "Gather",
    "Loop",
    "If",
    "Scan",
    "Tile",
    "Expand",
    "ConstantOfShape",
    "Resize",
    "Pad",
    "MatMul",
    "Gemm",
    "LSTM",
)


@cache
def sound_model() -> bytes:
    with TemporaryDirectory() as folder:
        return save_model(Path(folder, "sound.onnx"), graph(HEADS), json.dumps(METADATA)).read_bytes()


@cache
def shipped_model() -> bytes:
    return SHIPPED.read_bytes()


@cache
def shipped_metadata() -> dict[str, Any]:
    model = onnx.load_model_from_string(shipped_model())
    return json.loads(next(entry.value for entry in model.metadata_props if entry.key == "unseam"))


def mutated_model(draw: Random) -> bytes:
    """Make a model file: bytes of a sound one changed, or its parts."""
    data = draw.choice((sound_model, sound_model, sound_model, shipped_model))()
    if draw.random() < 0.4:
        for _ in range(draw.choice((1, 2))):
            data = draw.choice(BYTE_MUTATIONS)(data, draw)
        return data
    model = onnx.load_model_from_string(data)
    for _ in range(draw.choice((1, 1, 2))):
        draw.choice((_drop_node, _other_node, _other_tensor, _other_place, _other_shape, _other_version, _greedy))(
            model, draw
        )
    return model.SerializeToString()


def mutated_settings(draw: Random) -> bytes:
    """Make a model file whose graph is sound, and whose metadata are not."""
    of_patches = draw.random() < 0.6
    model = onnx.load_model_from_string(sound_model() if of_patches else shipped_model())
    metadata = mutated_json(METADATA if of_patches else shipped_metadata(), draw)
    del model.metadata_props[:]
    helper.set_model_props(model, {"unseam": metadata.decode("utf-8", "replace")})
    return model.SerializeToString()


def _drop_node(model: onnx.ModelProto, draw: Random) -> None:
    del model.graph.node[draw.randrange(len(model.graph.node))]


def _other_node(model: onnx.ModelProto, draw: Random) -> None:
    node = draw.choice(model.graph.node)
    node.op_type = draw.choice(OPERATORS)
    if draw.random() < 0.3:
        node.domain = draw.choice(("com.microsoft", "ai.onnx.ml", "custom", "\n"))
    if node.attribute and draw.random() < 0.5:
        draw.choice(node.attribute).i = odd_number(draw) - 2**31


def _other_tensor(model: onnx.ModelProto, draw: Random) -> None:
    tensor = draw.choice(model.graph.initializer)
    tensor.data_type = draw.choice((*range(17), 99))
    if draw.random() < 0.7:
        del tensor.dims[:]
        tensor.dims.extend(odd_number(draw) - 1 for _ in range(draw.choice((0, 1, 2, 9))))


def _other_place(model: onnx.ModelProto, draw: Random) -> None:
    """Say that weights lie in another file: one that must never be read."""
    tensor = draw.choice(model.graph.initializer)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", draw.choice(("/etc/passwd", "/dev/zero", "../secret", *TEXTS[:3]))


def _other_shape(model: onnx.ModelProto, draw: Random) -> None:
    value = draw.choice((*model.graph.input, *model.graph.output))
    dimensions = value.type.tensor_type.shape.dim
    if dimensions and draw.random() < 0.7:
        draw.choice(dimensions).dim_value = odd_number(draw) - 1
    else:
        value.type.tensor_type.elem_type = draw.randrange(17)


def _other_version(model: onnx.ModelProto, draw: Random) -> None:
    model.ir_version = odd_number(draw, 1)
    model.opset_import[0].version = draw.choice((0, 1, 7, 13, 18, 999, 2**40))


def _greedy(model: onnx.ModelProto, draw: Random) -> None:
    """Add nodes that ask for more memory than there is."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [3], [2**20, 2**10, draw.choice((1, 2**20))])
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], [draw.choice(HEADS), "x"][:1]))

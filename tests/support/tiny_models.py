"""Small model files made on the spot, so that no test depends on the shipped model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
METADATA: dict[str, Any] = {
    "format": 1,
    "name": "brightness",
    "network": "mean of the red channel",
    "patch_side": SIDE,
    "stride": 32,
    "input_scale": 1 / 255,
    "input_offset": 0.0,
    "patch_threshold": 0.5,
    "pixel_threshold": 0.5,
    "patch_rule": 0.125,
    "smoothing_sigma": 2.0,
    "heat_calibration": {"slope": 1.0, "intercept": 0.0},
    "score_curve": {"quantile": 0.99, "slope": 1.0, "intercept": 0.0},
    "patches_seen": 0,
    "recipe": {"network": {"name": "mean of the red channel"}},
    "data_digest": "0" * 64,
    "licence": "CC0-1.0",
    "training_sources": [],
    "paper": "none: a network for tests",
    "detects": "bright pixels",
    "blind_spots": "in the dark",
}

ModelMaker = Callable[..., Path]


def graph(heads: tuple[str, ...], side: int = SIDE, input_name: str = "patches") -> onnx.GraphProto:
    """Brightness of the red channel as pixel probability, its mean over the patch as patch probability."""
    channel = numpy_helper.from_array(np.array(0, dtype=np.int64), "channel")
    axes = numpy_helper.from_array(np.array([1, 2], dtype=np.int64), "axes")
    nodes = [
        helper.make_node("Gather", [input_name, "channel"], ["pixel_probability"], axis=1),
        helper.make_node("ReduceMean", ["pixel_probability", "axes"], ["patch_probability"], keepdims=0),
    ]
    shapes = {"pixel_probability": ["N", side, side], "patch_probability": ["N"]}
    outputs = [helper.make_tensor_value_info(head, TensorProto.FLOAT, shapes[head]) for head in heads]
    patches = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["N", 3, side, side])
    return helper.make_graph(nodes, "brightness", [patches], outputs, [channel, axes])


def save_model(path: Path, content: onnx.GraphProto, metadata: str | None) -> Path:
    model = helper.make_model(content, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if metadata is not None:
        helper.set_model_props(model, {"unseam": metadata})
    onnx.save(model, path)
    return path

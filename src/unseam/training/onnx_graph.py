"""A network as an ONNX graph, the proof that both agree, and the graph with its settings as a model file.

Each ``nn.LSTM`` becomes one fused operator of the graph by itself.
"""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.errors import ModelError
from unseam.models.document import FORMAT, METADATA_KEY
from unseam.models.metadata import NetworkSettings

OPSET = 20
"""ONNX operator set: in every onnxruntime from 1.17 on."""

PARITY = 1e-5
"""Largest difference of any probability between torch and onnxruntime."""

S = TypeVar("S", bound=NetworkSettings)


def written(network: nn.Module, example: Tensor, sizes: Mapping[int, object], names: Sequence[str]) -> onnx.ModelProto:
    """Write what is to be computed as it stands as an ONNX graph of one input.

    Parameters
    ----------
    network : nn.Module
        On the CPU, in evaluation.
    example : Tensor
        An input.
    sizes : mapping
        The input's axes that may have any size, with torch's name or rule for each.
    names : sequence of str
        Of the input, then of the outputs.

    Returns
    -------
    onnx.ModelProto
        Weights inside, and nothing of the machine that it was written on.
    """
    with _quiet_export(), torch.no_grad():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_shapes=(dict(sizes),),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        node.ClearField("metadata_props")  # traces of the exporter's file system
        node.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return model


@contextlib.contextmanager
def _quiet_export() -> Iterator[None]:
    """Keep the exporter's remarks about itself (torchvision is missing, what it deprecates) from the user."""
    exporter = logging.getLogger("torch.onnx")
    before = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter.setLevel(before)


def largest_difference(expected: Sequence[NDArray[np.float32]], found: Sequence[NDArray[np.float32]]) -> float:
    """Compare the probabilities of torch and of onnxruntime, output by output; errors as `check_parity`."""
    worst = max(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True))
    if not worst <= PARITY:
        raise ModelError(
            f"torch and onnxruntime differ by {worst:.1e} in a probability, more than {PARITY:.0e}: "
            "nothing was written; report this with your versions of torch and onnxruntime"
        )
    return worst


def as_model_file(
    graph: onnx.ModelProto, settings: S, parse: Callable[[str], S], fit: Callable[[Path], S] | None = None
) -> bytes:
    """Return the bytes of a model file: a graph with its settings in the metadata, proven to be readable.

    Parameters
    ----------
    graph : onnx.ModelProto
    settings : NetworkSettings
        Uncalibrated, where they are to be fitted.
    parse : function
        How the metadata is read: text to settings, with a ModelError if it is wrong.
    fit : function, optional
        From the path of a draft of the file, which is removed, to settings that are fitted to what it gives.
    """
    if fit is not None:
        with tempfile.TemporaryDirectory(prefix="unseam-") as temporary:
            draft = Path(temporary, "draft.onnx")
            draft.write_bytes(as_model_file(graph, settings, parse))
            settings = fit(draft)
    text = json.dumps({"format": FORMAT, **asdict(settings)}, sort_keys=True, allow_nan=False)
    parse(text)
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    onnx.helper.set_model_props(model, {METADATA_KEY: text})
    return bytes(model.SerializeToString(deterministic=True))

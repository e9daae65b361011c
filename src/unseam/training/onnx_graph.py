"""A network as an ONNX graph that onnxruntime runs near the speed of its matrix product, and the proof that both agree.

Two changes to the network, both of which leave its function as it is:

* softmax over two classes is the sigmoid of the logits' difference;
* a convolution to one or two maps becomes a transposed one with the mirrored kernel: onnxruntime pads the maps of a
  convolution to a full vector register (16 times the work for one map), but makes of a transposed one a matrix
  product and a sum. Measured on one thread, this is a quarter of the paper's network's time.

Each ``nn.LSTM`` becomes one fused operator of the graph by itself.
"""

from __future__ import annotations

import contextlib
import copy
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
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.errors import ModelError
from unseam.models.document import FORMAT, METADATA_KEY
from unseam.models.metadata import NetworkSettings
from unseam.models.model_file import INPUT, PATCH_OUTPUT, PIXEL_OUTPUT
from unseam.training.patch.network import Outputs
from unseam.training.patch.validation import evidence, scaled

OPSET = 20
"""ONNX operator set: in every onnxruntime from 1.17 on."""

NARROW = 2
"""Most output maps of a convolution that is written as a transposed one."""

PARITY = 1e-5
"""Largest difference of any probability between torch and onnxruntime."""

RANDOM_PATCHES = 64
"""Random patches of the parity check: noise, and flat ones at both ends of the range."""

S = TypeVar("S", bound=NetworkSettings)


class Probabilities(nn.Module):
    """A network whose outputs are probabilities: (N, 3, S, S) -> (N,) of the patch, (N, S, S) of its pixels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, patches: Tensor) -> tuple[Tensor, ...]:
        """Give the probabilities of the heads that there are, patch first."""
        outputs: Outputs = self.network(patches)
        return tuple(torch.sigmoid(evidence(logits)) for logits in outputs if logits is not None)


def output_names(network: nn.Module, side: int) -> list[str]:
    """Names of the outputs, as the network has the heads."""
    with torch.no_grad():
        outputs = network(torch.zeros(1, 3, side, side))
    names = zip((PATCH_OUTPUT, PIXEL_OUTPUT), outputs, strict=True)
    return [name for name, logits in names if logits is not None]


def as_onnx(network: nn.Module, side: int) -> onnx.ModelProto:
    """Write a network as an ONNX graph from scaled patches to probabilities, for any number of patches.

    Parameters
    ----------
    network : nn.Module
        (N, 3, S, S) float32 -> ``Outputs``; it is copied, not changed.
    side : int
        S, in pixels.

    Returns
    -------
    onnx.ModelProto
        Weights inside.
    """
    network = copy.deepcopy(network).cpu().eval()
    names = output_names(network, side)
    fast = Probabilities(_rewritten(network)).eval()
    return written(fast, torch.zeros(2, 3, side, side), {0: torch.export.Dim("N", min=1)}, [INPUT, *names])


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
        node.ClearField("metadata_props")  # traces of the file system of whoever exported
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


def _rewritten(network: nn.Module) -> nn.Module:
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and _is_narrow(child):
                setattr(parent, name, _Transposed(child))
    return network


def _is_narrow(convolution: nn.Conv2d) -> bool:
    plain = convolution.stride == (1, 1) and convolution.dilation == (1, 1) and convolution.groups == 1
    kernel = convolution.kernel_size
    same = convolution.padding == "same" or convolution.padding == (kernel[0] // 2, kernel[1] // 2)
    odd = kernel[0] % 2 == 1 and kernel[1] % 2 == 1
    return plain and same and odd and convolution.padding_mode == "zeros" and convolution.out_channels <= NARROW


class _Transposed(nn.Conv2d):
    """The same function as a convolution, written as a transposed one: kernel mirrored, maps in and out exchanged."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        kernel = (convolution.kernel_size[0], convolution.kernel_size[1])
        super().__init__(convolution.in_channels, convolution.out_channels, kernel)
        self.load_state_dict({"bias": torch.zeros(convolution.out_channels)} | convolution.state_dict())
        self.register_buffer("mirrored", convolution.weight.detach().flip(2, 3).transpose(0, 1).contiguous())
        self.margin = (kernel[0] // 2, kernel[1] // 2)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        mirrored = self.get_buffer("mirrored")
        return torch.nn.functional.conv_transpose2d(input, mirrored, self.bias, padding=self.margin)


def check_parity(model: bytes, network: nn.Module, patches: NDArray[np.uint8]) -> float:
    """Compare torch and onnxruntime on the probabilities of the same patches.

    Parameters
    ----------
    model : bytes
        The ONNX file.
    network : nn.Module
        What it was made from, unchanged.
    patches : (N, S, S, 3) uint8
        Random and real ones.

    Returns
    -------
    float
        The largest absolute difference of any probability.

    Raises
    ------
    ModelError
        When it is above ``PARITY`` or no number.
    """
    with torch.no_grad():
        fed = scaled(torch.from_numpy(patches))
        expected = Probabilities(copy.deepcopy(network).cpu().eval())(fed)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    found = session.run(None, {INPUT: fed.numpy()})
    return largest_difference([part.numpy() for part in expected], found)


def largest_difference(expected: Sequence[NDArray[np.float32]], found: Sequence[NDArray[np.float32]]) -> float:
    """Compare the probabilities of torch and of onnxruntime, output by output; errors as `check_parity`."""
    worst = max(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True))
    if not worst <= PARITY:
        raise ModelError(
            f"torch and onnxruntime differ by {worst:.1e} in a probability, more than {PARITY:.0e}: "
            "nothing was written; report this with your versions of torch and onnxruntime"
        )
    return worst


def random_patches(side: int, seed: int = 0) -> NDArray[np.uint8]:
    """Make the random patches of the parity check: (N, S, S, 3) uint8."""
    noise = np.random.default_rng(seed).integers(0, 256, (RANDOM_PATCHES, side, side, 3), dtype=np.uint8)
    noise[0], noise[1] = 0, 255
    return noise


def as_model_file(
    graph: onnx.ModelProto, settings: S, parse: Callable[[str], S], fit: Callable[[Path], S] | None = None
) -> bytes:
    """Give the bytes of a model file: a graph with its settings in the metadata, proven to be readable.

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

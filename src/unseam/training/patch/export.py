"""A network that judges patches as an ONNX graph that onnxruntime runs near the speed of its matrix product.

Two changes to the network, both of which leave its function as it is:

* softmax over two classes is the sigmoid of the logits' difference;
* a convolution to one or two maps becomes a transposed one with the mirrored kernel: onnxruntime pads the maps of a
  convolution to a full vector register (16 times the work for one map), but makes of a transposed one a matrix
  product and a sum. Measured on one thread, this is a quarter of the paper's network's time.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.datasets.sample import Sample
from unseam.models.model_file import INPUT, PATCH_OUTPUT, PIXEL_OUTPUT
from unseam.models.patch.patches import cut
from unseam.photo.photo import load_photo
from unseam.training.onnx_graph import largest_difference, written
from unseam.training.patch.network import Outputs
from unseam.training.patch.validation import log_odds, scaled

NARROW = 2
"""Most output maps of a convolution that is written as a transposed one."""

RANDOM_PATCHES = 64
"""Random patches of the parity check: noise, and flat ones at both ends of the range."""

REAL_PHOTOS, PATCHES_PER_PHOTO = 4, 16
"""How many real patches the parity check takes, and from how many photos."""


class Probabilities(nn.Module):
    """A network whose outputs are probabilities: (N, 3, S, S) -> (N,) of the patch, (N, S, S) of its pixels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, patches: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities of the heads that there are, patch first."""
        outputs: Outputs = self.network(patches)
        return tuple(torch.sigmoid(log_odds(logits)) for logits in outputs if logits is not None)


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


def random_patches(side: int, seed: int = 0) -> NDArray[np.uint8]:
    """Make the random patches of the parity check: (N, S, S, 3) uint8."""
    noise = np.random.default_rng(seed).integers(0, 256, (RANDOM_PATCHES, side, side, 3), dtype=np.uint8)
    noise[0], noise[1] = 0, 255
    return noise


def real_patches(samples: Sequence[Sample], side: int) -> NDArray[np.uint8]:
    """Cut the real patches of the parity check from the first photos: (N, S, S, 3) uint8."""
    photos = [load_photo(sample.photo).pixels for sample in samples[:REAL_PHOTOS]]
    return np.concatenate([cut(pixels, side, side)[:PATCHES_PER_PHOTO] for pixels in photos])

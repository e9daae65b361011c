"""The network `fusion` as an ONNX graph, and the proof that both agree."""

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
from unseam.detectors.statistic import logistic
from unseam.models.fusion.features import block_features, feature_names
from unseam.models.model_file import CELL_OUTPUT, CONFIDENCE_OUTPUT, FEATURES, PHOTO_OUTPUT
from unseam.photo.photo import load_photo
from unseam.training.fusion.network import FusionNetwork
from unseam.training.onnx_graph import largest_difference, written

REAL_PHOTOS = 3
"""Photos of the parity check, besides random features."""

RANDOM_SHAPES = ((1, 1), (13, 17), (70, 90), (40, 57))
"""Blocks, rows and columns, of the random features of the parity check."""


class _LogOdds(nn.Module):
    """What the model file gives: (1, F, R, C) features to the log odds of cells, of confidence and of the photo."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outputs = self.network(features)
        return outputs.cell, outputs.confidence, outputs.photo


def fusion_graph(network: FusionNetwork) -> onnx.ModelProto:
    """Write the network as an ONNX graph for photos of any size; it is copied, not changed."""
    own = _LogOdds(copy.deepcopy(network).cpu().eval()).eval()
    example = torch.zeros(1, len(feature_names()), *RANDOM_SHAPES[-1])  # several windows: one would be taken as fixed
    sizes = dict.fromkeys((2, 3), torch.export.Dim.AUTO)
    return written(own, example, sizes, [FEATURES, CELL_OUTPUT, CONFIDENCE_OUTPUT, PHOTO_OUTPUT])


def check_fusion_parity(model: bytes, network: FusionNetwork, photos: Sequence[NDArray[np.float32]]) -> float:
    """Compare torch and onnxruntime on the probabilities of photos' features, each (F, R, C) float32.

    The largest difference and the errors are those of `unseam.training.onnx_graph.check_parity`.
    """
    own = _LogOdds(copy.deepcopy(network).cpu().eval())
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    differences = []
    for features in photos:
        with torch.no_grad():
            expected = [torch.sigmoid(part).numpy() for part in own(torch.from_numpy(features[None]))]
        found = session.run(None, {FEATURES: features[None]})
        differences.append(largest_difference(expected, [logistic(part) for part in found]))
    return max(differences)


def parity_features(samples: Sequence[Sample]) -> list[NDArray[np.float32]]:
    """Make the features of the parity check: random ones of several sizes, and those of the first photos."""
    rng = np.random.default_rng(0)
    random = [rng.normal(0, 2, (len(feature_names()), *shape)).astype(np.float32) for shape in RANDOM_SHAPES]
    return [*random, *(block_features(load_photo(sample.photo)).values for sample in samples[:REAL_PHOTOS])]

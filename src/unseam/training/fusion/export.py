"""The best checkpoint of the network `fusion` as one ONNX file, calibrated on whole validation photos."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.datasets.sample import Sample
from unseam.detectors.statistic import logistic
from unseam.errors import DataError
from unseam.models.fusion.features import block_features, feature_names
from unseam.models.fusion.metadata import FusionSettings
from unseam.models.fusion.method import FusionMethod, parse_fusion
from unseam.models.load import load_model
from unseam.models.model_file import CELL_OUTPUT, CONFIDENCE_OUTPUT, FEATURES, PHOTO_OUTPUT
from unseam.models.network import NetworkOptions
from unseam.photo.photo import load_photo
from unseam.training.checkpoint import fill
from unseam.training.fusion.calibration import calibrated_settings
from unseam.training.fusion.calibration_frames import described, measured_frames
from unseam.training.fusion.network import FusionNetwork, build_fusion
from unseam.training.onnx_graph import as_model_file, largest_difference, written
from unseam.training.recipe import FusionRecipe

REAL_PHOTOS = 3
"""Photos of the parity check, beside random features."""

RANDOM_SHAPES = ((1, 1), (13, 17), (40, 57))
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
    example = torch.zeros(1, len(feature_names()), *RANDOM_SHAPES[1])
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


def rebuild_fusion(recipe: FusionRecipe, weights: Mapping[str, Any]) -> FusionNetwork:
    """Make the network of a recipe with the weights of a checkpoint."""
    count = len(feature_names())
    network = build_fusion(recipe.fusion, torch.zeros(count), torch.ones(count))
    fill(network, weights)
    return network


def fusion_model(
    network: FusionNetwork, settings: FusionSettings, samples: Sequence[Sample], *, calibrated: bool, threads: int
) -> bytes:
    """Give the bytes of the model file, after proof that onnxruntime gives the same numbers.

    Parameters
    ----------
    network : FusionNetwork
    settings : FusionSettings
        Uncalibrated.
    samples : sequence of Sample
        Validation photos.
    calibrated : bool
        False for raw probabilities.
    threads : int
        0 for one a core.

    Raises
    ------
    ModelError
        When torch and onnxruntime differ.
    DataError
        When there are no samples, or the calibration lacks a class.
    """
    if not samples:
        raise DataError("the parity check needs photographs; name the folder the run was trained on")
    graph = fusion_graph(network)
    rng = np.random.default_rng(0)
    real = [block_features(load_photo(sample.photo)).values for sample in samples[:REAL_PHOTOS]]
    shapes = [(len(feature_names()), *shape) for shape in RANDOM_SHAPES]
    random = [rng.normal(0, 2, shape).astype(np.float32) for shape in shapes]
    check_fusion_parity(graph.SerializeToString(), network, [*random, *real])

    def fit(draft: Path) -> FusionSettings:
        method = load_model(draft, NetworkOptions(threads=threads))
        assert isinstance(method, FusionMethod)
        return calibrated_settings(method.settings, measured_frames(method, samples, cache=None), described(samples))

    return as_model_file(graph, settings, parse_fusion, fit if calibrated else None)

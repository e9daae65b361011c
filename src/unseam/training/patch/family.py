"""The family of networks that are fed patches: the paper's network and its variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from unseam.datasets.sample import Sample
from unseam.models.metadata import PatchNetworkSettings, parse_settings
from unseam.training.checkpoint import fill
from unseam.training.family import Facts, Loading
from unseam.training.patch.calibration import UNCALIBRATED, calibrate
from unseam.training.patch.export import as_onnx, check_parity, random_patches, real_patches
from unseam.training.patch.initial_weights import initialise_patch_network
from unseam.training.patch.network import INPUT_OFFSET, INPUT_SCALE, LocalizationNetwork
from unseam.training.patch.recipe import PatchRecipe
from unseam.training.patch.source import PatchSource, load_source
from unseam.training.patch.validation import PatchTask
from unseam.training.splits import TrainingSplits

PATCHES_ACROSS = 2
"""Patches over each pixel of a whole photo, along each axis: the stride is half a patch, 32 pixels in the paper's."""

SMOOTHING_SIGMA = 2.0
"""Gaussian smoothing of the binary mask, in pixels; the paper smooths without saying how much."""

GPU_SHARE = 0.5
"""Photographs go to the GPU if they fit into this share of its free memory; the rest is the network's."""


class PatchFamily:
    """See `unseam.training.family.NetworkFamily`."""

    def source(self, recipe: PatchRecipe, splits: TrainingSplits, loading: Loading) -> PatchSource:
        """Read the photos of a run into memory: the GPU's, if there is one with room for them."""
        o = recipe.optimisation
        source = load_source(splits, recipe.data, side=recipe.network.patch_side, batch=o.batch, seed=o.seed)
        return _placed(source, loading.fabric.device)

    def build(self, recipe: PatchRecipe, source: PatchSource) -> LocalizationNetwork:  # noqa: ARG002
        """Make a network with random weights."""
        return LocalizationNetwork(recipe.network)

    def initialise(self, network: LocalizationNetwork, init_from: Path) -> Facts:
        """Fill a network with the weights of a run's folder or of a model file."""
        return initialise_patch_network(network, init_from)

    def task(self, recipe: PatchRecipe) -> PatchTask:
        """Return the paper's task, with the recipe's weights of the loss."""
        return PatchTask(recipe.loss)

    def restore(self, recipe: PatchRecipe, weights: Mapping[str, Any]) -> LocalizationNetwork:
        """Make a network with the weights of a checkpoint."""
        network = LocalizationNetwork(recipe.network)
        fill(network, weights)
        return network

    def graph(self, network: LocalizationNetwork) -> onnx.ModelProto:
        """Write the network as an ONNX graph from scaled patches to probabilities."""
        return as_onnx(network, network.config.patch_side)

    def check_parity(self, model: bytes, network: LocalizationNetwork, samples: Sequence[Sample]) -> None:
        """Compare torch and onnxruntime on random patches and on patches of photos."""
        side = network.config.patch_side
        check_parity(model, network, np.concatenate([random_patches(side), real_patches(samples, side)]))

    def settings(self, recipe: PatchRecipe, described: Mapping[str, Any], seen: int) -> PatchNetworkSettings:
        """Return the settings of an uncalibrated model file."""
        calibration = {field.name: getattr(UNCALIBRATED, field.name) for field in fields(UNCALIBRATED)}
        return PatchNetworkSettings(
            **described,
            **calibration,
            patch_side=recipe.network.patch_side,
            stride=recipe.network.patch_side // PATCHES_ACROSS,
            input_scale=INPUT_SCALE,
            input_offset=INPUT_OFFSET,
            patch_rule=recipe.data.rule,
            smoothing_sigma=SMOOTHING_SIGMA,
            patches_seen=seen,
        )

    def parse(self, text: str) -> PatchNetworkSettings:
        """Read the settings of a model file."""
        return parse_settings(text)

    def calibrate(
        self, draft: Path, settings: PatchNetworkSettings, samples: Sequence[Sample], threads: int
    ) -> PatchNetworkSettings:
        """Fit heat, score and mask on validation photos."""
        found = calibrate(draft, samples, threads=threads)
        return replace(settings, **{field.name: getattr(found, field.name) for field in fields(found)})


def _placed(source: PatchSource, device: torch.device) -> PatchSource:
    """Hold the photographs on the GPU if there is one with room for them."""
    if device.type != "cuda":
        return source
    needed = sum(t.nbytes for photos in (source.train, source.validation) for t in (photos.pixels, photos.masks))
    free, _total = torch.cuda.mem_get_info(device)
    return source.to(device) if needed <= GPU_SHARE * free else source

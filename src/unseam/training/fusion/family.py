"""The family of the network `fusion`: fed the features of all blocks of a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch

from unseam.datasets.sample import Sample
from unseam.models.fusion.features import feature_names
from unseam.models.fusion.metadata import KIND, FusionSettings
from unseam.models.fusion.method import FusionMethod, parse_fusion
from unseam.models.load import load_model
from unseam.models.network import NetworkOptions
from unseam.training.checkpoint import fill
from unseam.training.family import Facts, Loading
from unseam.training.fusion.calibration import UNCALIBRATED, calibrated_settings
from unseam.training.fusion.calibration_frames import described, measured_frames
from unseam.training.fusion.export import check_fusion_parity, fusion_graph, parity_features
from unseam.training.fusion.initial_weights import initialise_fusion_network
from unseam.training.fusion.network import FusionNetwork, build_fusion
from unseam.training.fusion.recipe import FusionRecipe
from unseam.training.fusion.source import FusionSource, load_fusion_source
from unseam.training.fusion.task import FusionTask
from unseam.training.splits import TrainingSplits


class FusionFamily:
    """See `unseam.training.family.NetworkFamily`."""

    def source(self, recipe: FusionRecipe, splits: TrainingSplits, loading: Loading) -> FusionSource:
        """Read the features of a run; of several processes the first computes them."""
        with loading.fabric.rank_zero_first():
            return load_fusion_source(
                splits,
                recipe.blocks,
                batch=recipe.optimisation.batch,
                seed=recipe.optimisation.seed,
                folder=loading.features,
                workers=loading.workers,
                quiet=loading.quiet,
            )

    def build(self, recipe: FusionRecipe, source: FusionSource) -> FusionNetwork:
        """Make a network with random weights, which standardises features by those of its training photos."""
        return build_fusion(recipe.fusion, *source.moments())

    def initialise(self, network: FusionNetwork, init_from: Path) -> Facts:
        """Fill a network with the weights of a run's folder or of a model file."""
        return initialise_fusion_network(network, init_from)

    def task(self, recipe: FusionRecipe) -> FusionTask:
        """Return the task, with the recipe's weights of the loss."""
        return FusionTask(recipe.loss)

    def restore(self, recipe: FusionRecipe, weights: Mapping[str, Any]) -> FusionNetwork:
        """Make a network with the weights of a checkpoint."""
        count = len(feature_names())
        network = build_fusion(recipe.fusion, torch.zeros(count), torch.ones(count))
        fill(network, weights)
        return network

    def graph(self, network: FusionNetwork) -> onnx.ModelProto:
        """Write the network as an ONNX graph for photos of any size."""
        return fusion_graph(network)

    def check_parity(self, model: bytes, network: FusionNetwork, samples: Sequence[Sample]) -> None:
        """Compare torch and onnxruntime on random features and on those of photos."""
        check_fusion_parity(model, network, parity_features(samples))

    def settings(self, recipe: FusionRecipe, described: Mapping[str, Any], seen: int) -> FusionSettings:  # noqa: ARG002
        """Return the settings of an uncalibrated model file."""
        return FusionSettings(
            **described,
            kind=KIND,
            features=feature_names(),
            **UNCALIBRATED,
            photos_seen=seen,
        )

    def parse(self, text: str) -> FusionSettings:
        """Read the settings of a model file."""
        return parse_fusion(text)

    def calibrate(
        self,
        draft: Path,
        settings: FusionSettings,  # noqa: ARG002 - the draft holds them
        samples: Sequence[Sample],
        threads: int,
    ) -> FusionSettings:
        """Fit heat, score and mask on whole validation photos."""
        method = load_model(draft, NetworkOptions(threads=threads))
        assert isinstance(method, FusionMethod)
        return calibrated_settings(method.settings, measured_frames(method, samples), described(samples))

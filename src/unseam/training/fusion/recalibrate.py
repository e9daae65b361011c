"""A model file of the network `fusion`, calibrated anew on other photos: its weights stay, no checkpoint is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx

from unseam.datasets.sample import Sample
from unseam.errors import ModelError
from unseam.models.fusion.method import FusionMethod, parse_fusion
from unseam.models.load import load_model
from unseam.models.model_file import model_bytes
from unseam.training.fusion.calibration import calibrated_settings
from unseam.training.fusion.calibration_frames import Kept, described, measured_frames
from unseam.training.onnx_graph import as_model_file


def recalibrated(model: Path, samples: Sequence[Sample], kept: Kept | None = None) -> bytes:
    """Return the bytes of a model file whose score, thresholds, masks and power are fitted on these samples.

    Parameters
    ----------
    model : Path
        A file of the network `fusion`.
    samples : sequence of Sample
        Authentic photos and forgeries that the network was not trained on.
    kept : Kept, optional
        Where features and outputs are kept: the next calibration of the same file then takes seconds, and that of
        another network on the same photos need not measure their features.

    Raises
    ------
    ModelError
        The file is not one of the network `fusion`.
    DataError
        A class is missing among the samples.
    """
    method = load_model(model)
    if not isinstance(method, FusionMethod):
        raise ModelError(f"{model}: found a network that judges patches, expected one of kind 'fusion'; export it anew")
    frames = measured_frames(method, samples, kept)
    settings = calibrated_settings(method.settings, frames, described(samples))
    return as_model_file(onnx.load_from_string(model_bytes(model)), settings, parse_fusion)

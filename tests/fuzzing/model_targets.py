"""Targets that read model files, and use those that are let through."""

from pathlib import Path

from fuzzing.model_cases import mutated_model, mutated_settings
from fuzzing.originals import pixels
from fuzzing.photo_targets import check_map
from fuzzing.target import Target, written
from unseam.errors import ModelError, NotApplicable
from unseam.models.load import load_model
from unseam.photo.photo import load_photo


def use_model(data: bytes, folder: Path) -> str:
    localizer = load_model(written(folder, "model.onnx", data))
    photo = load_photo(pixels()[:70, :66])
    check_map(localizer(photo), photo)
    return "heat map"


TARGETS = (
    Target("model", mutated_model, use_model, (ModelError, NotApplicable), 10),
    Target("model-settings", mutated_settings, use_model, (ModelError, NotApplicable), 8),
)

"""A run's best checkpoint as one ONNX file that carries all that is needed to feed it and to read it.

Nothing is written unless torch and onnxruntime agree; what is written appears as a whole or not at all.
"""

from __future__ import annotations

import json
import reprlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from unseam.datasets.sample import Sample
from unseam.datasets.splits import DataSet
from unseam.errors import DataError, ModelError, RecipeError, RunError
from unseam.models.graph_check import LARGEST_BYTES, check_contents
from unseam.models.metadata import NetworkSettings
from unseam.system.text import printable
from unseam.training.checkpoint import BEST, load_checkpoint, replace_file
from unseam.training.families import family_of
from unseam.training.onnx_graph import as_model_file
from unseam.training.recipe import LONGEST_SHOWN, Recipe, recipe_from

PAPER = (
    "Bappy, Roy-Chowdhury, Bunk, Nataraj, Manjunath: Exploiting Spatial Structure for Localizing Manipulated Image "
    "Regions. ICCV 2017. DOI 10.1109/ICCV.2017.532"
)
DETECTS = (
    "Edges, resampling and noise that do not fit their surroundings, where something was spliced, copied or removed."
)
BLIND_SPOTS = "Photos that were scaled down or strongly recompressed after the edit; regions much smaller than a patch."


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """What a model file says of itself that its run cannot know.

    Attributes
    ----------
    licence : str
        The weights' own terms.
    training_sources : tuple of mappings
        ``name``, ``licence``, ``photographs`` (how many) of each source.
    name, paper, detects, blind_spots : str
        As in `unseam.method.Method`.
    """

    licence: str
    training_sources: tuple[Mapping[str, object], ...]
    name: str = "cnn-lstm"
    paper: str = PAPER
    detects: str = DETECTS
    blind_spots: str = BLIND_SPOTS


def load_terms(path: Path) -> ModelTerms:
    """Read the terms of a model from TOML: ``licence``, tables ``[[training_sources]]``, and the other fields if given.

    Raises
    ------
    RecipeError
        When the file cannot be read, a key is missing or unknown, or a value is of another type.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: the terms cannot be read ({printable(str(error))[:LONGEST_SHOWN]})") from error
    known = {field.name for field in fields(ModelTerms)}
    unknown, missing = table.keys() - known, {"licence", "training_sources"} - table.keys()
    if unknown or missing:
        problem = f"unknown keys {reprlib.repr(sorted(unknown))}, missing keys {sorted(missing)}"
        raise RecipeError(f"{path}: {problem}")
    sources = table["training_sources"]
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        raise RecipeError(f"{path}: training_sources must be tables, [[training_sources]]")
    wrong = sorted(key for key in table.keys() - {"training_sources"} if not isinstance(table[key], str))
    if wrong:
        raise RecipeError(f"{path}: {', '.join(wrong)} must be text")
    return ModelTerms(**table | {"training_sources": tuple(table["training_sources"])})


def export_run(
    run: Path,
    out: Path | None = None,
    *,
    terms: ModelTerms,
    samples: Sequence[Sample],
    calibrated: bool = True,
    threads: int = 0,
) -> Path:
    """Write the best weights of a run as a model file.

    Parameters
    ----------
    run : Path
        The run's folder.
    out : Path, optional
        The file to write; ``RUN/NAME.onnx`` by default, NAME being the recipe's.
    terms : ModelTerms
        Licence, names and sentences.
    samples : sequence of Sample
        Validation photos, for the check that torch and onnxruntime agree, and to calibrate on.
    calibrated : bool
        False for raw probabilities, which cost no look at whole photos.
    threads : int
        Threads inside the network while calibrating; 0 for one a core.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RunError
        When the run has no readable best checkpoint, or the file cannot be written.
    RecipeError
        When the checkpoint is of another network than its recipe.
    ModelError
        When torch and onnxruntime differ, or the file would be too large; nothing is written then.
    DataError
        When there are no samples, or the calibration lacks a class.
    """
    best = load_checkpoint(run / BEST)
    recipe, facts = recipe_from(json.loads(best["recipe"])), json.loads(best["facts"])
    family = family_of(recipe)
    if not samples:
        raise DataError("the parity check needs photographs; name the folder the run was trained on")
    network = family.restore(recipe, best["network"])
    graph = family.graph(network)
    family.check_parity(graph.SerializeToString(), network, samples)
    seen = int(best["patches"]) + int(facts.get("patches_before", 0))
    settings = family.settings(recipe, _described(recipe, facts, terms), seen)

    def fit(draft: Path) -> NetworkSettings:
        fitted: NetworkSettings = family.calibrate(draft, settings, samples, threads)
        return fitted

    target = out or run / f"{recipe.name}.onnx"
    write_model(target, as_model_file(graph, settings, family.parse, fit if calibrated else None))
    return target


def validation_samples(data: Sequence[Path | DataSet]) -> list[Sample]:
    """List the validation photos of folders written by ``unseam forge`` and of other data sets.

    Raises
    ------
    DataError
        As the adapters do, or when a data set has nothing for validation.
    """
    sets = [DataSet(place) if isinstance(place, Path) else place for place in data]
    return [sample for found in sets for sample in found.samples("validation").samples]


def _described(recipe: Recipe, facts: Mapping[str, Any], terms: ModelTerms) -> dict[str, Any]:
    """Return what every model file says of itself, whatever its network is fed."""
    return {
        "network": recipe.name,
        "recipe": recipe.as_dict(),
        "data_digest": facts.get("data_digest", ""),
        **{term.name: getattr(terms, term.name) for term in fields(terms)},
    }


def write_model(path: Path, model: bytes) -> None:
    """Write a model file as a whole, or not at all.

    Raises
    ------
    ModelError
        When it could not be loaded again: larger than ``LARGEST_BYTES``, or of contents that no model file may have.
    RunError
        When the file cannot be written.
    """
    if len(model) > LARGEST_BYTES:
        raise ModelError(f"{path}: {len(model) / 2**20:.1f} MiB, more than {LARGEST_BYTES / 2**20:.0f}: not written")
    check_contents(model)
    if path.is_dir():
        raise RunError(f"{path}: is a folder; name the file to write")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, memoryview(model))

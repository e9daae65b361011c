"""The best checkpoint of the network `evidence` as one ONNX file, calibrated on whole validation photos."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.datasets.sample import Sample
from unseam.detectors.statistic import LEAST_SHARE, logistic
from unseam.errors import DataError, ModelError, RecipeError
from unseam.evidence.features import block_features, feature_names
from unseam.evidence.localizer import EvidenceLocalizer, load_evidence, parse_evidence
from unseam.evidence.parts import Parts
from unseam.evidence.settings import EvidenceSettings
from unseam.false_alarms import FalseAlarms
from unseam.localizer import LocalizerOptions
from unseam.model_file import CELL_OUTPUT, CONFIDENCE_OUTPUT, FEATURES, PHOTO_OUTPUT
from unseam.model_settings import FORMAT, METADATA_KEY, HeatCalibration, PhotoCurve
from unseam.photo import load_photo
from unseam.training.calibration import SCORE_DECIMALS, fit_platt
from unseam.training.evidence_network import EvidenceNetwork, build_evidence
from unseam.training.evidence_source import cell_shares
from unseam.training.evidence_task import MAJORITY
from unseam.training.onnx_graph import OPSET, PARITY, quiet_export
from unseam.training.recipe import EvidenceRecipe

CALIBRATION_PHOTOS = 1000
"""At most so many, half of them authentic, drawn at random."""

CALM_SHARE = 0.97
"""Share of authentic validation photos without any region. More than the 95 % that is promised: these photos are small
crops, and a whole photo of a camera has more places to be wrong."""

CELLS_PER_PHOTO = 1000
"""Cells of each class drawn from one photo for the fit of the heat."""

EXTENTS = tuple(np.round(np.arange(0.30, 0.96, 0.05), 2).tolist())
SEEDS = tuple(np.round(np.concatenate([np.arange(0.50, 0.95, 0.05), np.arange(0.95, 0.9991, 0.005)]), 3).tolist())
"""Candidates for the thresholds of the mask: heat from which a pixel belongs to a region, and that it must reach
somewhere. Regions below the detectors' least share of the frame are dropped."""

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


def evidence_graph(network: EvidenceNetwork) -> onnx.ModelProto:
    """Write the network as an ONNX graph for photos of any size; it is copied, not changed."""
    example = torch.zeros(1, len(feature_names()), *RANDOM_SHAPES[1])
    sizes = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    with quiet_export(), torch.no_grad():
        program = torch.onnx.export(
            _LogOdds(copy.deepcopy(network).cpu().eval()).eval(),
            (example,),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=[FEATURES],
            output_names=[CELL_OUTPUT, CONFIDENCE_OUTPUT, PHOTO_OUTPUT],
            dynamic_shapes=(sizes,),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        node.ClearField("metadata_props")  # traces of the file system of whoever exported
        node.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return model


def check_evidence_parity(model: bytes, network: EvidenceNetwork, photos: Sequence[NDArray[np.float32]]) -> float:
    """Compare torch and onnxruntime on the probabilities of photos' features, each (F, R, C) float32.

    Raises
    ------
    ModelError
        When any differs by more than ``PARITY``.
    """
    own = _LogOdds(copy.deepcopy(network).cpu().eval())
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    worst = 0.0
    for features in photos:
        with torch.no_grad():
            expected = [torch.sigmoid(part).numpy() for part in own(torch.from_numpy(features[None]))]
        found = [1 / (1 + np.exp(-part)) for part in session.run(None, {FEATURES: features[None]})]
        worst = max(worst, *(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True)))
    if not worst <= PARITY:
        raise ModelError(
            f"torch and onnxruntime differ by {worst:.1e} in a probability, more than {PARITY:.0e}: "
            "nothing was written; report this with your versions of torch and onnxruntime"
        )
    return worst


def rebuild_evidence(recipe: EvidenceRecipe, weights: Mapping[str, Any]) -> EvidenceNetwork:
    """Make the network of a recipe with the weights of a checkpoint."""
    count = len(feature_names())
    network = build_evidence(recipe.evidence, torch.zeros(count), torch.ones(count))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise RecipeError(f"the checkpoint is not of the network in its recipe ({error})") from error
    return network


def evidence_model(
    network: EvidenceNetwork, settings: EvidenceSettings, samples: Sequence[Sample], *, calibrated: bool, threads: int
) -> bytes:
    """Give the bytes of the model file, after proof that onnxruntime gives the same numbers.

    Parameters
    ----------
    network : EvidenceNetwork
    settings : EvidenceSettings
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
    graph = evidence_graph(network)
    rng = np.random.default_rng(0)
    real = [block_features(load_photo(sample.photo)).values for sample in samples[:REAL_PHOTOS]]
    shapes = [(len(feature_names()), *shape) for shape in RANDOM_SHAPES]
    random = [rng.normal(0, 2, shape).astype(np.float32) for shape in shapes]
    check_evidence_parity(graph.SerializeToString(), network, [*random, *real])
    if calibrated:
        with tempfile.TemporaryDirectory(prefix="unseam-") as temporary:
            draft = Path(temporary, "draft.onnx")
            draft.write_bytes(with_evidence_settings(graph, settings))
            settings = calibrated_settings(load_evidence(draft, LocalizerOptions(threads=threads)), samples)
    return with_evidence_settings(graph, settings)


def with_evidence_settings(graph: onnx.ModelProto, settings: EvidenceSettings) -> bytes:
    """Give the bytes of a model file: the graph with its settings in the metadata, proven to be readable."""
    text = json.dumps({"format": FORMAT, **asdict(settings)}, sort_keys=True, allow_nan=False)
    parse_evidence(text)
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    onnx.helper.set_model_props(model, {METADATA_KEY: text})
    return bytes(model.SerializeToString(deterministic=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A validation photo: log odds of its cells (2 R, 2 C), of itself, and which cells are manipulated."""

    cell: NDArray[np.float32]
    photo: float
    truth: NDArray[np.bool_]

    @property
    def manipulated(self) -> bool:
        return bool(self.truth.any())


def calibrated_settings(localizer: EvidenceLocalizer, samples: Sequence[Sample], seed: int = 0) -> EvidenceSettings:
    """Fit heat, score and mask on whole validation photos; see `unseam.evidence.settings`.

    Heat and score are logistic regressions in which both classes weigh the same. The mask's two thresholds are those
    of the best mean F1 over manipulated photos that leave ``CALM_SHARE`` of the authentic ones without a region.
    """
    rng = np.random.default_rng(seed)
    judged = [_judge(localizer, sample) for sample in _drawn(samples, rng)]
    heat = HeatCalibration(*_heat_curve(judged, rng))
    odds = np.array([photo.photo for photo in judged])
    manipulated = np.array([photo.manipulated for photo in judged])
    score = PhotoCurve(*fit_platt(odds, manipulated))
    extent, seed_heat, marked = _mask_thresholds(judged, heat)
    scores = np.sort(1 / (1 + np.exp(-(score.slope * odds[~manipulated] + score.intercept))))
    source = f"the {len(scores)} authentic validation photographs that its thresholds were set on"
    return replace(
        localizer.settings,
        heat_calibration=heat,
        photo_curve=score,
        pixel_threshold=extent,
        seed_threshold=seed_heat,
        least_share=LEAST_SHARE,
        false_alarms=FalseAlarms(marked, source, tuple(np.round(scores, SCORE_DECIMALS).tolist())),
    )


def _drawn(samples: Sequence[Sample], rng: np.random.Generator) -> list[Sample]:
    chosen: list[Sample] = []
    for manipulated in (True, False):
        of_class = [sample for sample in samples if (sample.mask is not None) == manipulated]
        chosen += [of_class[index] for index in rng.permutation(len(of_class))[: CALIBRATION_PHOTOS // 2]]
    return chosen


def _judge(localizer: EvidenceLocalizer, sample: Sample) -> _Judged:
    photo = load_photo(sample.photo)
    odds = localizer.log_odds(photo)
    shape = (odds.cell.shape[0] // 2, odds.cell.shape[1] // 2)
    truth = cell_shares(sample.truth((photo.height, photo.width)), shape) >= MAJORITY
    return _Judged(odds.cell, odds.photo, truth)


def _heat_curve(judged: Sequence[_Judged], rng: np.random.Generator) -> tuple[float, float]:
    logits, labels = [], []
    for photo in judged:
        for label in (False, True):
            cells = photo.cell[photo.truth == label].astype(np.float64)
            drawn = rng.choice(cells, min(CELLS_PER_PHOTO, cells.size), replace=False) if cells.size else cells
            logits.append(drawn)
            labels.append(np.full(drawn.size, label))
    return fit_platt(np.concatenate(logits), np.concatenate(labels))


@dataclass(frozen=True, slots=True, eq=False)
class _Marked:
    """The parts of one photo's heat above an extent: manipulated cells of each (N,), and of the whole photo."""

    parts: Parts
    right: NDArray[np.int64]
    manipulated: int

    @classmethod
    def of(cls, heat: NDArray[np.float32], truth: NDArray[np.bool_], extent: float) -> _Marked:
        parts = Parts.of(heat, extent)
        right = np.bincount(parts.labels[truth], minlength=len(parts.cells) + 1)[1:]
        return cls(parts, right, int(truth.sum()))

    def judged(self, seed: float) -> tuple[bool, float]:
        """Say whether any part remains, and the F1."""
        kept = self.parts.kept(seed, LEAST_SHARE)
        f1 = 2 * self.right[kept].sum() / max(self.parts.cells[kept].sum() + self.manipulated, 1)
        return bool(kept.any()), float(f1)


def _mask_thresholds(judged: Sequence[_Judged], heat: HeatCalibration) -> tuple[float, float, float]:
    """Choose extent and seed; the last number is the share of authentic photos that they mark."""
    best = (-1.0, EXTENTS[-1], SEEDS[-1], 0.0)
    heats = [logistic(heat.slope * photo.cell + heat.intercept) for photo in judged]
    for extent in EXTENTS:
        photos = [_Marked.of(own, photo.truth, extent) for own, photo in zip(heats, judged, strict=True)]
        for seed in (seed for seed in SEEDS if seed >= extent):
            found = [(photo.manipulated > 0, *photo.judged(seed)) for photo in photos]
            f1 = float(np.mean([score for manipulated, _, score in found if manipulated]))
            marked = float(np.mean([marks for manipulated, marks, _ in found if not manipulated]))
            if marked <= 1 - CALM_SHARE and f1 > best[0]:
                best = (f1, extent, seed, marked)
    return best[1:]

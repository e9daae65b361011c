"""What the network `fusion` is trained for: cells, blocks, the photo, and to know when it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from lightning.fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.datasets.windows import MANIPULATED_SHARE
from unseam.errors import DataError
from unseam.evaluation.counts import Counts
from unseam.models.fusion.windows import photo_log_odds, window_shares
from unseam.models.metadata import PhotoCurve
from unseam.training.dice import dice_loss
from unseam.training.fusion.network import CELLS_ACROSS, FusionOutputs
from unseam.training.fusion.recipe import FusionLossConfig
from unseam.training.fusion.source import FusionBatch

AS_IT_IS = PhotoCurve(1.0, 0.0)
"""The network's log odds of windows before any calibration."""

MAJORITY = 0.5
"""A cell is manipulated if at least this share of it is."""


THRESHOLDS = np.arange(-4.0, 8.01, 0.25)
"""Candidates for the log odds from which a cell counts as manipulated."""


@dataclass(frozen=True, slots=True)
class FusionValidation:
    """How the network does on whole validation photos.

    Attributes
    ----------
    cell_auc : float
        Area under the ROC curve over the cells of a photo, mean over manipulated photos.
    cell_f1 : float
        F1 of the cells of a photo at one threshold for all photos, mean over manipulated photos.
    cell_threshold : float
        That threshold, in log odds: the one with the best ``cell_f1``.
    image_auc : float
        Area under the ROC curve over photos, by the photo's own log odds.
    """

    cell_auc: float
    cell_f1: float
    cell_threshold: float
    image_auc: float

    @property
    def criterion(self) -> float:
        """What users get: mean of the F1 of the mask and of the image-level AUC."""
        return (self.cell_f1 + self.image_auc) / 2

    def as_line(self) -> dict[str, float]:
        """Flat names for the metrics file."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FusionTask:
    """Pixels, blocks and photo together, the paper's joint task on whole photos, and a head for confidence."""

    weights: FusionLossConfig = field(default_factory=FusionLossConfig)
    items: str = "photos"

    def losses(self, model: nn.Module, batch: FusionBatch) -> dict[str, Tensor]:
        """Run the network on crops; each part in float32, weighted."""
        return losses(FusionOutputs(*(part.float() for part in model(batch.features))), batch.truth, self.weights)

    @torch.no_grad()
    def validate(self, fabric: Fabric, model: nn.Module, batches: Iterator[FusionBatch]) -> FusionValidation:
        """Judge whole photos; each process judges all of them, which needs no exchange."""
        tally = _Tally()
        model.eval()
        for batch in batches:
            batch = fabric.to_device(batch)
            outputs = FusionOutputs(*(part.float().cpu() for part in model(batch.features)))
            tally.add(outputs, (batch.truth >= MAJORITY).cpu().numpy())
        model.train()
        return tally.result()


class _Tally:
    """What was counted of each validation photo."""

    def __init__(self) -> None:
        self._areas: list[float] = []
        self._f1: list[NDArray[np.float64]] = []
        self._odds: list[float] = []
        self._manipulated: list[bool] = []

    def add(self, outputs: FusionOutputs, truth: NDArray[np.bool_]) -> None:
        """Count one photo; truth (1, 2 R, 2 C) bool."""
        cells, manipulated = outputs.cell.numpy(), bool(truth.any())
        shares = window_shares(*outputs.block.shape[1:])
        self._odds.append(photo_log_odds(outputs.photo[0].numpy(), shares, AS_IT_IS))
        self._manipulated.append(manipulated)
        area = _auc(cells, truth)
        self._areas += [] if area is None else [area]
        self._f1 += [f1_by_threshold(cells, truth)] if manipulated else []

    def result(self) -> FusionValidation:
        image_auc = _auc(np.array(self._odds, np.float32), np.array(self._manipulated)) if self._odds else None
        if image_auc is None or not self._areas:
            raise DataError("the validation photos hold only one class; it needs authentic and manipulated ones")
        f1 = np.mean(self._f1, axis=0)
        best = int(np.argmax(f1))
        return FusionValidation(float(np.mean(self._areas)), float(f1[best]), float(THRESHOLDS[best]), image_auc)


def f1_by_threshold(log_odds: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the F1 of the cells of one photo at each of ``THRESHOLDS``; (thresholds,) float64."""
    edges = np.concatenate([[-np.inf], THRESHOLDS, [np.inf]])
    marked, right = (
        np.histogram(some, edges)[0][::-1].cumsum()[::-1][1:] for some in (log_odds.ravel(), log_odds[truth])
    )
    return np.asarray(2 * right / np.maximum(marked + np.count_nonzero(truth), 1))


def losses(outputs: FusionOutputs, truth: Tensor, weights: FusionLossConfig) -> dict[str, Tensor]:
    """Return the weighted parts of the loss: cross entropies in nats, and the Dice loss.

    Parameters
    ----------
    outputs : FusionOutputs
    truth : (N, 2 R, 2 C) float32
        Manipulated share of each cell.
    weights : FusionLossConfig
    """
    share = F.avg_pool2d(truth[:, None], CELLS_ACROSS)[:, 0]
    blocks = (share > MANIPULATED_SHARE).float()
    manipulated = (truth.sum((1, 2)) > 0).float()
    right = torch.where(blocks > 0, outputs.block, -outputs.block).sigmoid().detach()
    return {
        "cell": weights.cell * _per_photo(outputs.cell, truth),
        "dice": weights.dice * dice_loss(outputs.cell, truth),
        "block": weights.block * _per_photo(outputs.block, blocks),
        "photo": weights.photo * F.binary_cross_entropy_with_logits(outputs.photo[:, 0, 0], manipulated),
        "confidence": weights.confidence * F.binary_cross_entropy_with_logits(outputs.confidence, right),
    }


def _per_photo(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, each photo weighing the same; in manipulated ones half of it with both classes weighing the same.

    Small regions would not count otherwise, and large ones would if classes always weighed the same.
    """
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    inside, outside = truth.sum((1, 2)), (1 - truth).sum((1, 2))
    plain = each.mean((1, 2))
    missed = (each * truth).sum((1, 2)) / inside.clamp(min=1)
    alarmed = (each * (1 - truth)).sum((1, 2)) / outside.clamp(min=1)
    return torch.where(inside > 0, plain / 2 + (missed + alarmed) / 4, plain).mean()


def _auc(log_odds: NDArray[np.float32], truth: NDArray[np.bool_]) -> float | None:
    return Counts.of(1 / (1 + np.exp(-log_odds.astype(np.float64))).ravel(), truth.ravel()).auc()

"""What the network `fusion` is trained for: cells, blocks, the photo, and to know when it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from lightning.fabric import Fabric
from torch import Tensor, nn

from unseam.errors import DataError
from unseam.evaluation.counts import Counts
from unseam.models.fusion.windows import photo_log_odds, window_shares
from unseam.models.metadata import PhotoCurve
from unseam.training.fusion.network import FusionOutputs
from unseam.training.fusion.source import CELLS, FusionBatch

BLOCK_WEIGHT, PHOTO_WEIGHT, CONFIDENCE_WEIGHT = 0.5, 0.3, 0.1
"""Of the other losses beside that of the cells."""

MANIPULATED_SHARE = 0.125
"""A block is manipulated if more than this share of it is (the paper's rule for patches)."""

AS_IT_IS = PhotoCurve(1.0, 0.0)
"""The network's log odds of windows before any calibration."""

MAJORITY = 0.5
"""A cell is manipulated if at least this share of it is."""


@dataclass(frozen=True, slots=True)
class FusionValidation:
    """How the network does on whole validation photos.

    Attributes
    ----------
    cell_auc : float
        Area under the ROC curve over the cells of a photo, mean over manipulated photos.
    photo_auc : float
        The same over photos, by the photo's own log odds.
    """

    cell_auc: float
    photo_auc: float

    @property
    def criterion(self) -> float:
        """Mean of both."""
        return (self.cell_auc + self.photo_auc) / 2

    def as_line(self) -> dict[str, float]:
        """Flat names for the metrics file."""
        return {"cell_auc": self.cell_auc, "photo_auc": self.photo_auc}


@dataclass(frozen=True, slots=True)
class FusionTask:
    """Pixels, blocks and photo together, the paper's joint task on whole photos, and a head for confidence."""

    items: str = "photos"

    def losses(self, model: nn.Module, batch: FusionBatch) -> dict[str, Tensor]:
        """Run the network on crops; cross entropies in nats, weighted."""
        return losses(FusionOutputs(*(part.float() for part in model(batch.features))), batch.truth)

    @torch.no_grad()
    def validate(self, fabric: Fabric, model: nn.Module, batches: Iterator[FusionBatch]) -> FusionValidation:
        """Judge whole photos; each process judges all of them, which takes seconds and needs no exchange."""
        areas, odds, manipulated = [], [], []
        model.eval()
        for batch in batches:
            batch = fabric.to_device(batch)
            outputs = model(batch.features)
            truth = (batch.truth >= MAJORITY).cpu().numpy()
            shares = window_shares(*outputs.block.shape[1:])
            odds.append(photo_log_odds(outputs.photo[0].float().cpu().numpy(), shares, AS_IT_IS))
            manipulated.append(bool(truth.any()))
            area = _auc(outputs.cell.float().cpu().numpy(), truth)
            areas += [] if area is None else [area]
        model.train()
        photo = _auc(np.array(odds, np.float32), np.array(manipulated)) if odds else None
        if photo is None or not areas:
            raise DataError("the validation photos hold only one class; it needs authentic and manipulated ones")
        return FusionValidation(float(np.mean(areas)), photo)


def losses(outputs: FusionOutputs, truth: Tensor) -> dict[str, Tensor]:
    """Give the weighted parts of the loss.

    Parameters
    ----------
    outputs : FusionOutputs
    truth : (N, 2 R, 2 C) float32
        Manipulated share of each cell.
    """
    share = F.avg_pool2d(truth[:, None], CELLS)[:, 0]
    blocks = (share > MANIPULATED_SHARE).float()
    manipulated = (truth.sum((1, 2)) > 0).float()
    right = torch.where(blocks > 0, outputs.block, -outputs.block).sigmoid().detach()
    return {
        "cell": _per_photo(outputs.cell, truth),
        "block": BLOCK_WEIGHT * _per_photo(outputs.block, blocks),
        "photo": PHOTO_WEIGHT * F.binary_cross_entropy_with_logits(outputs.photo[:, 0, 0], manipulated),
        "confidence": CONFIDENCE_WEIGHT * F.binary_cross_entropy_with_logits(outputs.confidence, right),
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


def _auc(log_odds: np.ndarray, truth: np.ndarray) -> float | None:
    return Counts.of(1 / (1 + np.exp(-log_odds.astype(np.float64))).ravel(), truth.ravel()).auc()

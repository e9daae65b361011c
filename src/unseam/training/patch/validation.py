"""Losses, and how well the network does on the validation split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from lightning.fabric import Fabric
from torch import Tensor, nn

from unseam.errors import DataError
from unseam.evaluation.counts import BINS, LOGIT_LIMIT, Counts
from unseam.training.dice import dice_loss
from unseam.training.patch.network import INPUT_OFFSET, INPUT_SCALE, Outputs
from unseam.training.patch.recipe import PatchLossConfig
from unseam.training.task import on_device

if TYPE_CHECKING:
    from unseam.training.patch.source import Batch


class Losses(NamedTuple):
    """Cross entropies in nats, float32 scalars; None where the network has no such head."""

    patch: Tensor | None
    pixel: Tensor | None


def scaled(patches: Tensor) -> Tensor:
    """(N, S, S, 3) uint8 on the device -> (N, 3, S, S) float32, as the network wants it."""
    return patches.permute(0, 3, 1, 2).contiguous().float() * INPUT_SCALE + INPUT_OFFSET


def losses(outputs: Outputs, batch: Batch) -> Losses:
    """Mean cross entropy of each head, in float32 whatever the network computed in."""
    patch = None if outputs.patch_logits is None else _cross_entropy(outputs.patch_logits, batch.labels)
    pixel = None if outputs.pixel_logits is None else _cross_entropy(outputs.pixel_logits, batch.masks)
    return Losses(patch, pixel)


def log_odds(logits: Tensor) -> Tensor:
    """(N, 2, ...) logits -> (N, ...) float32 log odds of "manipulated", softmax being a matter of the difference."""
    return (logits[:, 1] - logits[:, 0]).float()


def _cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Two-class softmax cross entropy, from the log odds: the same number, and deterministic on every device."""
    return F.binary_cross_entropy_with_logits(log_odds(logits), truth.float())


class DeviceCounts:
    """Scores counted where they are, in the bins of `unseam.evaluation.counts`, so that pixels need not be copied."""

    def __init__(self, device: torch.device) -> None:
        self.bins = torch.zeros((2, BINS), dtype=torch.int64, device=device)

    def add(self, log_odds: Tensor, truth: Tensor) -> None:
        """Count one batch; log odds and truth of one shape."""
        position = (log_odds.clamp(-LOGIT_LIMIT, LOGIT_LIMIT) + LOGIT_LIMIT) * (BINS / (2 * LOGIT_LIMIT))
        flat = truth.long() * BINS + position.long().clamp_(0, BINS - 1)
        self.bins += torch.bincount(flat.flatten(), minlength=2 * BINS).view(2, BINS)

    def on_host(self) -> Counts:
        """Hand over what was counted."""
        negatives, positives = self.bins.cpu().numpy()
        return Counts(positives, negatives)


@dataclass(frozen=True, slots=True)
class HeadResult:
    """How one head does.

    Attributes
    ----------
    loss : float
        Mean cross entropy in nats.
    auc : float
        Area under the ROC curve.
    accuracy, majority : float
        Share classified rightly at probability one half, and by always giving the more frequent answer.
    """

    loss: float
    auc: float
    accuracy: float
    majority: float


@dataclass(frozen=True, slots=True)
class Validation:
    """How the network does on the validation split; None where it has no such head."""

    patch: HeadResult | None
    pixel: HeadResult | None

    @property
    def criterion(self) -> float:
        """What the best checkpoint is chosen by: the mean area under the curve of the heads there are."""
        aucs = [head.auc for head in (self.patch, self.pixel) if head is not None]
        return sum(aucs) / len(aucs)

    def as_line(self) -> dict[str, float]:
        """Flat names for the metrics file: ``patch_auc`` and so on."""
        heads = {"patch": self.patch, "pixel": self.pixel}
        return {f"{name}_{key}": value for name, head in heads.items() if head for key, value in asdict(head).items()}


class _Head:
    """Running sums of one head."""

    def __init__(self, device: torch.device) -> None:
        self.counts = DeviceCounts(device)
        self.loss = 0.0

    def add(self, logits: Tensor, truth: Tensor, loss: Tensor) -> None:
        self.counts.add(log_odds(logits), truth)
        self.loss += float(loss) * truth.numel()

    def result(self, fabric: Fabric) -> HeadResult:
        self.counts.bins = _summed(fabric, self.counts.bins)
        loss = float(_summed(fabric, torch.tensor(self.loss, dtype=torch.float64)))
        counts = self.counts.on_host()
        auc, at_half = counts.auc(), counts.at(0.5)
        if auc is None or at_half.accuracy is None or at_half.majority is None:
            raise DataError("the validation patches hold only one class; it needs authentic and manipulated ones")
        return HeadResult(loss / at_half.total, auc, at_half.accuracy, at_half.majority)


def _summed(fabric: Fabric, values: Tensor) -> Tensor:
    if fabric.world_size == 1:
        return values
    total = fabric.all_reduce(values.to(fabric.device), reduce_op="sum")
    assert isinstance(total, Tensor)
    return total.to(values.device)


@dataclass(frozen=True, slots=True)
class PatchTask:
    """The paper's task: the label of a patch, the map of its pixels, or both, 1 : 1 (its equation 5)."""

    weights: PatchLossConfig = field(default_factory=PatchLossConfig)
    items: str = "patches"

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Run the network on the patches; the weighted losses of each head that it has."""
        outputs = model(scaled(batch.patches))
        parts = {name: loss for name, loss in losses(outputs, batch)._asdict().items() if loss is not None}
        if outputs.pixel_logits is not None:
            parts |= _pixel_losses(log_odds(outputs.pixel_logits), batch.masks.float(), self.weights)
        return {name: getattr(self.weights, name) * loss for name, loss in parts.items()}

    def validate(self, fabric: Fabric, model: nn.Module, batches: Iterator[Batch]) -> Validation:
        """Judge the validation patches; see `validate`."""
        return validate(fabric, model, batches)


def _pixel_losses(logits: Tensor, truth: Tensor, weights: PatchLossConfig) -> dict[str, Tensor]:
    """Compute those losses of pixels, (N, S, S) float32, that the recipe adds to cross entropy."""
    parts = {}
    if weights.balanced:
        parts["balanced"] = _balanced_cross_entropy(logits, truth)
    if weights.dice:
        parts["dice"] = dice_loss(logits, truth)
    return parts


def _balanced_cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean over both classes of the mean cross entropy of their pixels in the batch."""
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    classes = ((each * share).sum() / share.sum().clamp(min=1) for share in (truth, 1 - truth))
    return sum(classes, torch.zeros_like(each[0, 0, 0])) / 2


@torch.no_grad()
def validate(fabric: Fabric, model: nn.Module, batches: Iterator[Batch]) -> Validation:
    """Judge the validation patches; each process takes every ``world_size``-th batch.

    Raises
    ------
    DataError
        When there are no validation patches, or only of one class.
    """
    heads: dict[str, _Head] = {}
    model.eval()
    for index, batch in enumerate(batches):
        if index % fabric.world_size != fabric.global_rank:
            continue
        batch = on_device(fabric, batch)
        outputs = model(scaled(batch.patches))
        for name, logits, truth, loss in _by_head(outputs, batch):
            heads.setdefault(name, _Head(fabric.device)).add(logits, truth, loss)
    model.train()
    if not heads:
        raise DataError("there are no validation patches; the split needs at least one batch per process")
    results = {name: heads[name].result(fabric) for name in sorted(heads)}
    return Validation(results.get("patch"), results.get("pixel"))


def _by_head(outputs: Outputs, batch: Batch) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    parts = losses(outputs, batch)
    if outputs.patch_logits is not None and parts.patch is not None:
        yield "patch", outputs.patch_logits, batch.labels, parts.patch
    if outputs.pixel_logits is not None and parts.pixel is not None:
        yield "pixel", outputs.pixel_logits, batch.masks, parts.pixel

"""What the photo head of the network `fusion` reads of map and confidence: pooled statistics of a window.

One mean hides a small edit, and one maximum is driven by the wildest block: TruFor's ablation of its detector (Guillaro
et al. 2023, DOI 10.1109/CVPR52729.2023.01974) gains most by pooling in several ways. The map is read, not shaped: no
gradient goes back through what this module returns, so that the map keeps the meaning that its own loss gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

Pool = Callable[[Tensor], Tensor]
"""(N, C, R, C) to (N, C, r, c): one number a window."""

LEVELS = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)
"""Log odds. The share of blocks above a level is the inverse of an upper quantile, and needs no sorting."""

LEVEL_WIDTH = 0.25
"""Log odds: how soft the levels are."""

HALF_SHARE = 0.01
"""A share counts as ``share / (share + HALF_SHARE)``: small edits must move it as much as large ones."""

HALF_VARIANCE = 0.02
"""The same for variances."""

RANGE = 8.0
"""Log odds are limited to plus and minus this, and divided by it."""

NEIGHBOURHOODS = (3, 7)
"""Blocks: sides of the squares whose mean is looked at for its maximum; a speck does not fill one."""

COUNT = 11 + len(LEVELS) + len(NEIGHBOURHOODS)
"""Statistics of a window."""


def photo_statistics(cell: Tensor, confidence: Tensor, mean: Pool, largest: Pool) -> Tensor:
    """Pool the statistics of each window.

    Parameters
    ----------
    cell : (N, 2 R, 2 C) float32
        Log odds that a quarter of a block is manipulated.
    confidence : (N, R, C) float32
        Log odds that the block's verdict is right.
    mean, largest : Pool
        Mean and maximum over a window.

    Returns
    -------
    (N, COUNT, r, c) float32
    """
    odds = (F.max_pool2d(cell.detach()[:, None], 2) / RANGE).clamp(-1, 1)  # hottest quarter of each block
    trust = confidence.detach()[:, None].sigmoid()
    return torch.cat(list(_statistics(odds, trust, mean, largest)), 1)


def _statistics(odds: Tensor, trust: Tensor, mean: Pool, largest: Pool) -> Iterator[Tensor]:
    probability = (RANGE * odds).sigmoid()
    for values in (odds, probability):
        average = mean(values)
        yield from (average, largest(values), _spread(values, average, mean))
    average = mean(trust)
    yield from (average, -1 * largest(-1 * trust), _spread(trust, average, mean))
    trusted = trust * probability
    yield from (mean(trusted) / average, largest(trusted))
    for level in LEVELS:
        share = mean(((RANGE * odds - level) / LEVEL_WIDTH).sigmoid())
        yield _saturating(share, HALF_SHARE)
    for side in NEIGHBOURHOODS:
        yield largest(F.avg_pool2d(odds, side, 1, padding=side // 2, count_include_pad=False))


def _spread(values: Tensor, average: Tensor, mean: Pool) -> Tensor:
    """Return the variance of each window; saturating, as shares do."""
    return _saturating((mean(values * values) - average * average).relu(), HALF_VARIANCE)


def _saturating(values: Tensor, half: float) -> Tensor:
    """Map 0 to infinity onto 0 to 1; by operators that a model file may hold (`unseam.models.graph_check`)."""
    return values / (values + half)

"""The soft Dice loss, which both families of networks can add to cross entropy."""

from __future__ import annotations

from torch import Tensor

SMOOTHING = 1.0
"""Pixels or cells, added above and below the fraction: a tiny truth must not make the loss jump."""


def dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the soft Dice loss, 1 minus a soft F1, of each map with a manipulated part; the sum divided by N.

    A map without a manipulated part has none: its F1 is 0 whatever is marked, and cross entropy alone says how much
    that costs.

    Parameters
    ----------
    logits : (N, H, W) float32
        Log odds.
    truth : (N, H, W) float32
        In [0, 1].

    Notes
    -----
    Milletari, Navab, Ahmadi 2016, V-Net, DOI 10.1109/3DV.2016.79: one threshold then serves small regions and large
    ones.
    """
    probability = logits.sigmoid()
    inside = truth.sum((1, 2))
    both = (probability * truth).sum((1, 2))
    each = 1 - (2 * both + SMOOTHING) / (probability.sum((1, 2)) + inside + SMOOTHING)
    return (each * (inside > 0)).mean()

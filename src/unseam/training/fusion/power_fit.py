"""How often authentic photos and forgeries get each verdict, by their history: counted on validation photos."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from unseam.method import Finding
from unseam.models.fusion.power import EDITS, QUALITIES, SIZES, PowerClass, Rates
from unseam.training.fusion.calibration_frames import Frame

MIN_CLASS = 40
"""Authentic photos and forgeries that a class must hold; a smaller one takes all sizes of its quality."""

RATE_DECIMALS = 4


def power_classes(frames: Sequence[Frame], findings: Sequence[Finding]) -> tuple[PowerClass, ...]:
    """Count, for each class of photos, how often each group gets each verdict."""
    return tuple(
        _power_class(list(zip(frames, findings, strict=True)), quality, size)
        for quality, size in product(QUALITIES, SIZES)
    )


def _power_class(found: Sequence[tuple[Frame, Finding]], quality: tuple[int, int], size: tuple[int, int]) -> PowerClass:
    alike = [pair for pair in found if quality[0] <= pair[0].history.quality <= quality[1]]
    inside = [pair for pair in alike if size[0] <= pair[0].history.pixels < size[1]]
    counts = [sum(frame.manipulated is label for frame, _ in inside) for label in (False, True)]
    counted = inside if min(counts) >= MIN_CLASS else alike
    by_edit = [_rates([f for frame, f in counted if low <= frame.share < high]) for low, high, _ in EDITS]
    authentic, forgeries = (
        _rates([f for frame, f in counted if frame.manipulated is label]) for label in (False, True)
    )
    return PowerClass(*quality, *size, authentic, forgeries, tuple(by_edit))


def _rates(findings: Sequence[Finding]) -> Rates:
    count = max(len(findings), 1)
    manipulated = sum(finding is Finding.MANIPULATED for finding in findings)
    suspicious = sum(finding is Finding.SUSPICIOUS for finding in findings)
    shares = (round(found / count, RATE_DECIMALS) for found in (manipulated, manipulated + suspicious))
    return Rates(len(findings), *shares)

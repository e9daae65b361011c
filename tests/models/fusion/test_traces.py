"""Regions that are explained from features made by hand: what differs is known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.method import Region, find_regions
from unseam.models.fusion.features import feature_names
from unseam.models.fusion.measures import MEASURES, Effect
from unseam.models.fusion.traces import MAX_EXPLAINED, blocks_of, explained, pixels_of, strength_of

NAMES = feature_names()
ROWS, COLUMNS = 60, 80

Reals = NDArray[np.float32]


def plain(seed: int = 0) -> Reals:
    """Features of a photo that has the same noise, grain and sharpness everywhere; no detector applies."""
    features = np.zeros((len(NAMES), ROWS, COLUMNS), np.float32)
    rng = np.random.default_rng(seed)
    for name, level in (
        ("residual: square 3", 0.8),
        ("residual: square 3, half size", 1.2),
        ("residual: rows alternate", 0.15),
        ("residual: columns alternate", 0.15),
        ("residual: red", 0.5),
        ("residual: blue", 0.5),
    ):
        features[NAMES.index(name)] = level + rng.normal(0, 0.05, (ROWS, COLUMNS))
    return features


def marked() -> NDArray[np.bool_]:
    mask = np.zeros((8 * ROWS, 8 * COLUMNS), bool)
    mask[80:240, 160:320] = True
    return mask


def regions() -> tuple[Region, ...]:
    return find_regions(marked(), marked().astype(np.float32))


def changed(name: str, by: float, features: Reals | None = None) -> Reals:
    features = plain() if features is None else features
    features[NAMES.index(name), 10:30, 20:40] += by
    return features


def detected(name: str) -> Reals:
    """Features in which a detector applies and marks the region."""
    features = plain()
    features[NAMES.index(f"detector: {name}, applies")] = 1
    features[NAMES.index(f"detector: {name}")] = np.random.default_rng(1).normal(-4, 1, (ROWS, COLUMNS))
    return changed(f"detector: {name}", 9.0, features)


def test_a_region_like_the_rest_has_no_trace() -> None:
    (region,) = explained(regions(), marked(), plain())
    assert region == regions()[0]


@pytest.mark.parametrize(
    ("feature", "by", "kind", "word"),
    [
        ("residual: square 3, half size", 1.5, "sharpness", "softer"),
        ("residual: square 3, half size", -1.0, "sharpness", "sharper"),
        ("residual: red", 3.0, "colour", "more colour noise"),
        ("residual: rows alternate", 1.0, "resampling", "after resizing"),
        ("residual: columns alternate", 1.0, "resampling", "after resizing"),
    ],
)
def test_what_differs_is_found_and_said(feature: str, by: float, kind: str, word: str) -> None:
    (region,) = explained(regions(), marked(), changed(feature, by))
    (trace,) = region.traces
    assert (trace.kind, trace.strength) == (kind, "strong")
    assert word in trace.text


def test_noise_is_told_in_grey_levels() -> None:
    (region,) = explained(regions(), marked(), changed("residual: square 3", 1.6))
    trace = next(trace for trace in region.traces if trace.kind == "noise")
    assert trace.text == "noisier: 10.9 grey levels inside, 2.2 grey levels elsewhere"
    assert (trace.inside, trace.outside) == (pytest.approx(10.9, rel=0.05), pytest.approx(2.2, rel=0.05))


@pytest.mark.parametrize("name", [measure.name for measure in MEASURES if measure.gap])
def test_what_a_detector_marks_is_told_as_a_share_of_blocks(name: str) -> None:
    (region,) = explained(regions(), marked(), detected(name))
    (trace,) = region.traces
    assert trace.kind == ("demosaicing" if name == "demosaicing" else "compression")
    assert trace.text.endswith(": 100 % of its blocks, 0 % elsewhere")


def test_a_detector_that_marks_neither_side_is_no_trace() -> None:
    features = detected("dct-model")
    features[NAMES.index("detector: dct-model")] -= 8
    assert explained(regions(), marked(), features)[0].traces == ()


def test_of_one_kind_only_the_clearest_trace_is_told() -> None:
    features = detected("dct-model")
    both = np.where(detected("block-grid") != 0, detected("block-grid"), features)
    (region,) = explained(regions(), marked(), both)
    assert [trace.kind for trace in region.traces] == ["compression"]


def test_content_that_varies_everywhere_is_no_trace() -> None:
    features = plain()
    waves = np.sin(np.arange(COLUMNS) / 5) * 1.5
    features[NAMES.index("residual: square 3")] += waves.astype(np.float32)
    assert all(trace.kind != "noise" for trace in explained(regions(), marked(), features)[0].traces)


def test_without_anything_outside_nothing_is_compared() -> None:
    mask = np.ones_like(marked())
    (region,) = explained(find_regions(mask, mask.astype(np.float32)), mask, changed("residual: red", 5))
    assert region.traces == ()


def test_regions_beyond_the_listed_ones_are_left_alone() -> None:
    mask = np.zeros((8 * ROWS, 8 * COLUMNS), bool)
    for number in range(MAX_EXPLAINED + 2):
        mask[16:48, 40 * number + 8 : 40 * number + 40] = True
    many = find_regions(mask, mask.astype(np.float32))
    assert explained(many, mask, plain())[MAX_EXPLAINED:] == many[MAX_EXPLAINED:]
    assert len(explained(many, mask, plain())) == len(many)


def test_a_region_covers_the_blocks_that_are_mostly_its_own() -> None:
    mask = np.zeros((60, 75), bool)
    mask[8:24, 5:20] = True
    (region,) = find_regions(mask, mask.astype(np.float32))
    blocks = blocks_of(pixels_of(mask, region), (8, 10))
    assert np.argwhere(blocks).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    mask[:] = False
    mask[12:15, 12:15] = True
    assert np.argwhere(blocks_of(mask, (8, 10))).tolist() == [[1, 1]]


def test_a_region_that_reaches_into_the_box_of_another_stays_apart() -> None:
    mask = np.zeros((200, 200), bool)
    mask[10:190, 10:40] = mask[160:190, 10:190] = True
    mask[20:60, 80:120] = True
    first, second = find_regions(mask, mask.astype(np.float32))
    assert pixels_of(mask, first).sum() == first.area
    assert pixels_of(mask, second).sum() == second.area


def test_strength_grows_with_the_effect() -> None:
    measure = replace(MEASURES[0], limits=(1, 2, 3), gap=0.0)
    sizes = (0.5, 1.5, 2.5, 3.5, -3.5)
    assert [strength_of(measure, Effect(1, 0, size)) for size in sizes] == [None, "weak", "moderate", "strong", None]
    assert strength_of(replace(measure, lower=True), Effect(1, 0, -3.5)) == "strong"
    assert strength_of(replace(measure, gap=2.0), Effect(1, 0, 3.5)) is None

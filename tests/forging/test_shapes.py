from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.leaks import centre_auc
from support.synthetic import SMALL
from unseam.forging.config import ForgeConfig
from unseam.forging.factory import load_sources
from unseam.forging.make import make
from unseam.forging.pixels import PixelStore
from unseam.forging.planner import Planner
from unseam.forging.shapes import MIN_VISIBLE, place, shape_of_area


def laid(mask: np.ndarray, corner: tuple[int, int], frame: tuple[int, int]) -> np.ndarray:
    whole = np.zeros((frame[0] + 2 * mask.shape[0], frame[1] + 2 * mask.shape[1]), bool)
    top, left = corner[0] + mask.shape[0], corner[1] + mask.shape[1]
    whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return whole[mask.shape[0] : mask.shape[0] + frame[0], mask.shape[1] : mask.shape[1] + frame[1]]


@settings(deadline=None, max_examples=150)
@given(
    st.tuples(st.integers(8, 200), st.integers(8, 200)),
    st.tuples(st.integers(8, 90), st.integers(8, 90)),
    st.floats(0, 0.4),
    st.integers(0, 2**32),
)
def test_enough_of_what_is_placed_is_visible(
    frame: tuple[int, int], box: tuple[int, int], min_area: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = shape_of_area("blob", 0.6 * box[0] * box[1], box, rng)
    seen = laid(mask, place(mask, frame, min_area, rng), frame).sum()
    possible = min(mask.shape[0], frame[0]) == mask.shape[0] and min(mask.shape[1], frame[1]) == mask.shape[1]
    assert seen > 0
    if possible:  # the mask fits into the frame
        assert seen >= min(max(MIN_VISIBLE * mask.sum(), min_area * frame[0] * frame[1]), mask.sum())


@pytest.mark.parametrize("area", [0.01, 0.1, 0.3])
def test_a_map_that_only_knows_the_centre_gains_nothing(area: float) -> None:
    rng, frame = np.random.default_rng(2), (96, 96)
    known = []
    for _ in range(600):
        mask = shape_of_area("blob", area * 96 * 96, frame, rng)
        known.append(centre_auc(laid(mask, place(mask, frame, 0.005, rng), frame)))
    assert 0.44 < np.mean(known) < 0.56


def test_finished_forgeries_favour_neither_centre_nor_borders_and_have_the_sizes_asked_for(
    photos: Path, objects: Path, tmp_path: Path
) -> None:
    config = ForgeConfig(sides=SMALL.sides, authentic=0.0, two_camera_share=0.0)
    sources = load_sources([photos], [objects], split_seed=config.split_seed)
    planner, store = Planner(sources, config, 1), PixelStore(tmp_path)
    masks = [made for index in range(300) if (made := make(planner.plan(index), sources, store).mask) is not None]
    assert 0.44 < np.mean([centre_auc(mask) for mask in masks]) < 0.56
    areas = np.array([mask.mean() for mask in masks])
    assert np.quantile(areas, 0.02) > 0.004  # soft seams lose a little of the smallest
    assert areas.max() < 0.45
    assert (areas < 0.02).mean() > 0.2
    assert (areas > 0.1).mean() > 0.1
    touching = [mask[[0, -1]].any() or mask[:, [0, -1]].any() for mask in masks]
    assert 0.2 < np.mean(touching) < 0.7

"""Pooled statistics of a map, and the photo's history as numbers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.models.fusion.history import History, photo_history
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.photo_head import HEAD_INPUTS, HeadInput, PhotoHead, QualityCurve, pooled_statistics
from unseam.models.fusion.resampling import Traces
from unseam.photo.photo import load_photo


def odds(cell: NDArray[np.float32]) -> LogOdds:
    blocks = np.zeros((cell.shape[0] // 2, cell.shape[1] // 2), np.float32)
    return LogOdds(cell, blocks, np.zeros((1, 1), np.float32))


def test_statistics_say_how_hot_and_how_large() -> None:
    cell = np.full((64, 64), -3, np.float32)
    cell[10:30, 10:30] = 4
    found = pooled_statistics(odds(cell))
    assert found["peak"] == found["hottest 64 x 64"] == 4
    assert found["median"] == -3
    assert found["largest hot part"] == pytest.approx(np.log1p(400), abs=0.25)
    assert found["mean of largest hot part"] == pytest.approx(4, abs=0.2)
    assert found["hot share"] == pytest.approx(400 / 64**2, abs=0.03)


def test_statistics_do_not_depend_on_where_the_hot_place_is() -> None:
    found = []
    for place in (8, 40):
        cell = np.full((64, 64), -3, np.float32)
        cell[place : place + 12, place : place + 12] = 4
        found.append(pooled_statistics(odds(cell)))
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("side", [2, 6, 40])
def test_maps_of_any_size_have_statistics(side: int) -> None:
    found = pooled_statistics(odds(np.full((side, side), 3, np.float32)))
    assert np.isfinite(list(found.values())).all()
    assert found["hot share"] == 1


def test_the_head_is_a_weighted_sum_of_limited_inputs() -> None:
    inputs = tuple(HeadInput(name, 1.0, 2.0, 0.5 if name == "peak" else 0.0) for name in sorted(HEAD_INPUTS))
    head = PhotoHead(inputs, (QualityCurve(0, 0, 1.0, 0.0), QualityCurve(1, 100, 2.0, -1.0)))
    values = dict.fromkeys(HEAD_INPUTS, 0.0)
    assert head.weighed(values | {"peak": 5.0}) == 1.0
    assert head.weighed(values | {"peak": 500.0}) == 2.0
    assert head.score(values | {"peak": 5.0}, 0) == pytest.approx(1 / (1 + np.exp(-1)))
    assert head.score(values | {"peak": 1.0}, 80) == pytest.approx(1 / (1 + np.exp(1)))


def test_history_is_read_from_the_file() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (100, 200, 3), dtype=np.uint8)
    found = photo_history(load_photo(pixels))
    assert (found.quality, found.pixels) == (0, 20_000)
    assert History(80, 600_000, Traces()).label == "compressed at about quality 80, 0.6 megapixels"
    assert found.label == "saved without loss, 0.0 megapixels"
    assert np.isfinite(list(History(80, 1, Traces()).inputs.values())).all()

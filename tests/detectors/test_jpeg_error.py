import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn
from sklearn.metrics import f1_score, roc_auc_score

from support.pyifd_maps import pyifd_photo
from unseam.detectors.jpeg_error import (
    DEFAULT,
    METHOD,
    count_coefficients,
    jpeg_error,
    jpeg_error_llr,
    jpeg_error_statistic,
    jpeg_trace,
    strongest_grid,
)
from unseam.errors import NotApplicable
from unseam.photo.photo import load_photo

Pixels = NDArray[np.uint8]
SIZE = (256, 320)


def _never_jpeg(seed: int = 0, size: tuple[int, int] = SIZE) -> Pixels:
    """Texture at every scale, and a sensor's noise."""
    rng = np.random.default_rng(seed)
    sides = [(4, 5), (16, 20), (64, 80)]
    layers = [cv2.resize(rng.normal(size=(*side, 3)), size[::-1], interpolation=cv2.INTER_CUBIC) for side in sides]
    scene = 128 + 25 * layers[0] + 10 * layers[1] + 5 * layers[2] + rng.normal(0, 2, (*size, 3))
    return np.clip(np.round(scene), 1, 254).astype(np.uint8)


def _encode(pixels: Pixels, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _once_jpeg(pixels: Pixels, quality: int = 75) -> Pixels:
    decoded = np.array(Image.open(io.BytesIO(_encode(pixels, quality))))
    return np.clip(decoded, 1, 254)


def _region() -> NDArray[np.bool_]:
    truth = np.zeros(SIZE, np.bool_)
    truth[70:180, 120:240] = True
    return truth


def _paste(host: Pixels, donor: Pixels) -> Pixels:
    return np.where(_region()[..., None], donor, host)


def _other_grid(donor: Pixels) -> Pixels:
    return np.roll(donor, (3, 5), axis=(0, 1))


def _never_in_jpeg() -> Pixels:
    return _paste(_once_jpeg(_never_jpeg(0)), _never_jpeg(1))


def _jpeg_in_never() -> Pixels:
    return _paste(_never_jpeg(0), _other_grid(_once_jpeg(_never_jpeg(1))))


def _jpeg_in_jpeg() -> Pixels:
    return _paste(_once_jpeg(_never_jpeg(0)), _other_grid(_once_jpeg(_never_jpeg(1), 90)))


def _luma(pixels: Pixels) -> NDArray[np.float64]:
    return pixels @ np.array([0.299, 0.587, 0.114])


COMPOSITES = pytest.mark.parametrize("composite", [_never_in_jpeg, _jpeg_in_never, _jpeg_in_jpeg])


@COMPOSITES
def test_a_part_of_another_jpeg_history_is_found_in_pixels_saved_without_loss(
    composite: Callable[[], Pixels],
) -> None:
    found = jpeg_error(load_photo(composite()))

    assert roc_auc_score(_region().ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(_region().ravel(), found.mask.ravel()) >= 0.7


@pytest.mark.parametrize("quality", [60, 75, 90, 95, 98])
def test_a_photo_that_was_a_jpeg_everywhere_is_calm(quality: int) -> None:
    found = jpeg_error(load_photo(_once_jpeg(_never_jpeg(), quality)))

    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold


def test_a_photo_that_never_was_a_jpeg_says_nothing() -> None:
    found = jpeg_error(load_photo(_never_jpeg()))

    assert (found.heat == 0.5).all()


@pytest.mark.parametrize("quality", [50, 80, 95])
def test_a_jpeg_file_says_nothing_for_its_own_steps_make_the_trace(quality: int) -> None:
    found = jpeg_error(load_photo(_encode(_never_in_jpeg(), quality)))

    assert (found.heat == 0.5).all()


def test_a_jpeg_file_whose_own_steps_leave_no_trace_is_judged() -> None:
    found = jpeg_error(load_photo(_encode(_never_in_jpeg(), 100)))

    assert roc_auc_score(_region().ravel(), found.heat.ravel()) >= 0.95


def test_a_cropped_jpeg_is_seen_on_the_grid_that_it_had() -> None:
    cropped = _once_jpeg(_never_jpeg())[3:, 6:]

    found = jpeg_error(load_photo(cropped))

    assert jpeg_error_statistic(load_photo(cropped)).origin == (5, 2)
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold


@pytest.mark.parametrize("spacing", [17, 24, 31])
def test_the_grid_does_not_depend_on_where_it_is_looked_for(spacing: int) -> None:
    luma = _luma(_once_jpeg(_never_jpeg())[1:, 4:])

    assert strongest_grid(luma, type(DEFAULT)(site_spacing=spacing)) == (7, 4)


def test_no_grid_stands_out_where_there_never_was_one() -> None:
    assert strongest_grid(_luma(_never_jpeg())) is None


@pytest.mark.parametrize("grid", [(0, 0), (3, 6)])
def test_coefficients_are_counted_as_scipys_transform_has_them(grid: tuple[int, int]) -> None:
    luma = _luma(_never_jpeg(2, (83, 90)))
    below, between = count_coefficients(luma, grid)

    assert below.shape == ((83 - grid[0]) // 8, (90 - grid[1]) // 8)
    for row, column in np.ndindex(below.shape):
        top, left = grid[0] + 8 * row, grid[1] + 8 * column
        size = np.abs(dctn(luma[top : top + 8, left : left + 8], norm="ortho")).ravel()[1:]
        assert below[row, column] == (size < 1).sum()
        assert between[row, column] == ((size >= 1) & (size < 2)).sum()


def test_the_statistic_is_the_papers_ratio_summed_over_three_by_three_blocks() -> None:
    pixels = _once_jpeg(_never_jpeg())
    below, between = count_coefficients(_luma(pixels), (0, 0))

    statistic = jpeg_error_statistic(load_photo(pixels))

    assert statistic.values[4, 7] == pytest.approx(between[3:6, 6:9].sum() / below[3:6, 6:9].sum(), abs=1e-12)


def test_the_ratio_is_near_zero_only_where_the_part_was_a_jpeg() -> None:
    once = jpeg_error_statistic(load_photo(_once_jpeg(_never_jpeg()))).values
    never = jpeg_error_statistic(load_photo(_never_jpeg())).values

    assert np.median(once) < 0.02
    assert np.median(never) > 0.3


def test_the_trace_is_one_without_jpeg_and_near_zero_with_it() -> None:
    assert np.nanmedian(jpeg_trace(_luma(_never_jpeg()), (0, 0))) == pytest.approx(1, abs=0.1)
    assert np.nanmedian(jpeg_trace(_luma(_once_jpeg(_never_jpeg())), (0, 0))) < 0.1


def test_steps_of_one_leave_no_trace() -> None:
    found = jpeg_error_llr(load_photo(_once_jpeg(_never_jpeg(), 100)))

    assert np.isnan(found.values).all()


def test_clipped_and_flat_parts_know_nothing() -> None:
    pixels = _once_jpeg(_never_jpeg()).copy()
    pixels[64:128, 64:128] = 255
    pixels[64:128, 192:256] = 90

    llr = jpeg_error_llr(load_photo(pixels)).values

    assert np.isnan(llr[10:14, 10:14]).all()
    assert np.isnan(llr[10:14, 26:30]).all()
    assert np.isfinite(llr[18:30, 2:38]).all()


@pytest.mark.parametrize("size", [(64, 64), (65, 79), (71, 64)])
def test_the_smallest_and_odd_sizes_give_a_finite_map(size: tuple[int, int]) -> None:
    for pixels in (_never_jpeg(3, size), _once_jpeg(_never_jpeg(3, size))):
        heat = jpeg_error(load_photo(pixels)).heat
        assert heat.shape == size
        assert np.isfinite(heat).all()


def test_a_grey_photo_is_judged_like_a_coloured_one() -> None:
    grey = np.repeat(_never_jpeg()[..., :1], 3, axis=2)
    composite = _paste(_once_jpeg(grey), np.repeat(_never_jpeg(1)[..., :1], 3, axis=2))

    assert roc_auc_score(_region().ravel(), jpeg_error(load_photo(composite)).heat.ravel()) >= 0.95


def test_nearly_flat_pixels_know_nothing() -> None:
    pixels = np.full((96, 104, 3), 128, np.uint8)
    pixels[40, 40] = 131

    assert np.isnan(jpeg_error_llr(load_photo(pixels)).values).all()


def test_a_photographs_grid_is_found_in_its_pixels_alone() -> None:
    photo = pyifd_photo("odd")

    assert jpeg_error_statistic(load_photo(np.array(photo.pixels))).origin == (0, 0)


@pytest.mark.parametrize("function", [jpeg_error, jpeg_error_llr, jpeg_error_statistic, METHOD])
def test_what_it_cannot_judge_is_said_in_plain_words(function: Callable[..., object]) -> None:
    with pytest.raises(NotApplicable, match="expected at least 64 x 64"):
        function(load_photo(_never_jpeg(0, (63, 80))))
    with pytest.raises(NotApplicable, match="one flat colour"):
        function(load_photo(np.full((80, 80, 3), 7, np.uint8)))

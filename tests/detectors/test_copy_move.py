"""Copy-move: finds both copies after turning, scaling and JPEG; silent where a picture merely repeats itself."""

import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from unseam.detectors import copy_move as module
from unseam.detectors.copied_regions import disc
from unseam.detectors.copy_move import (
    DEFAULT,
    METHOD,
    copy_move,
    copy_move_llr,
    copy_move_regions,
    copy_move_statistic,
)
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

Pixels = NDArray[np.uint8]
Bools = NDArray[np.bool_]


def scene(height: int, width: int, seed: int = 0) -> Pixels:
    """Shapes of many sizes and fine grain, like a photograph of a forest floor."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128.0)
    for size, strength in ((64, 30), (16, 22), (5, 14)):
        coarse = rng.normal(0, strength, (height // size + 2, width // size + 2, 1)) * rng.uniform(0.8, 1.2, 3)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + rng.normal(0, 2, (height, width, 1)), 0, 255).astype(np.uint8)


def forged(
    pixels: Pixels, turn: float = 0, scale: float = 1, radius: int = 55, here: tuple[int, int] = (120, 130)
) -> tuple[Pixels, Bools]:
    """Copy a disc around `here` (column, row) to 270 columns right and 110 rows down; both are marked."""
    height, width = pixels.shape[:2]
    movement = cv2.getRotationMatrix2D(here, turn, scale)
    movement[:, 2] += (270, 110)
    source = np.zeros((height, width), np.uint8)
    cv2.circle(source, here, radius, 1, -1)
    target = cv2.warpAffine(source, movement, (width, height), flags=cv2.INTER_NEAREST)
    moved = cv2.warpAffine(pixels, movement, (width, height), flags=cv2.INTER_CUBIC)
    return np.where(target[..., None] > 0, moved, pixels).astype(np.uint8), (source | target) > 0


def as_jpeg(pixels: Pixels, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def facade(height: int, width: int, seed: int = 0) -> Pixels:
    """Equal windows in rows and columns, each under slightly other light, seen a little askew by a grainy camera."""
    rng = np.random.default_rng(seed)
    down, across = 91, 140
    wall = np.full((height // down * down + down, width // across * across + across), 170.0)
    pane = cv2.resize(rng.uniform(30, 150, (6, 6)), (84, 54), interpolation=cv2.INTER_CUBIC)
    for top in range(0, len(wall), down):
        for left in range(0, wall.shape[1], across):
            wall[top : top + 54, left : left + 84] = pane * rng.normal(1, 0.02)
    light = cv2.resize(rng.uniform(0.95, 1.05, (3, 4)), (width, height), interpolation=cv2.INTER_CUBIC)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    view = cv2.getPerspectiveTransform(corners, corners + rng.normal(0, 5, (4, 2)).astype(np.float32))
    seen = cv2.warpPerspective(wall[:height, :width], view, (width, height), borderMode=cv2.BORDER_REFLECT)
    grey = cv2.GaussianBlur(seen * light, (0, 0), 0.8) + rng.normal(0, 2, (height, width))
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def sky(height: int, width: int) -> Pixels:
    slope = np.linspace(90, 200, height)[:, None, None] + np.zeros((1, width, 3))
    return np.clip(slope + np.random.default_rng(0).normal(0, 1.5, (height, width, 1)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def copied() -> tuple[Photo, Bools]:
    """A region turned by 10 degrees, scaled by 1.1, saved as JPEG of quality 90."""
    pixels, both = forged(scene(384, 512), 10, 1.1)
    return load_photo(as_jpeg(pixels, 90)), both


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_it_marks_both_copies_of_a_region_turned_by_10_degrees_and_scaled_by_1_1(copied: tuple[Photo, Bools]) -> None:
    photo, both = copied
    found = copy_move(photo)
    assert roc_auc_score(both.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(both.ravel(), found.mask.ravel()) >= 0.5
    for half in (slice(0, 256), slice(256, 512)):
        inside = both.copy()
        inside[:, : half.start] = inside[:, half.stop :] = False
        assert found.mask[inside].mean() > 0.8


@pytest.mark.parametrize("turn", [0, 25, 90, 170])
@pytest.mark.parametrize("quality", [None, 80])
def test_it_survives_turning_and_jpeg(turn: float, quality: int | None) -> None:
    pixels, both = forged(scene(384, 512, seed=1), turn)
    found = copy_move(load_photo(pixels if quality is None else as_jpeg(pixels, quality)))
    assert f1_score(both.ravel(), found.mask.ravel()) >= 0.8


@pytest.mark.parametrize("scale", [0.85, 0.91, 1.09, 1.2])
def test_it_survives_scaling(scale: float) -> None:
    pixels, both = forged(scene(384, 512, seed=2), 0, scale)
    found = copy_move(load_photo(as_jpeg(pixels, 90)))
    assert f1_score(both.ravel(), found.mask.ravel()) >= 0.5


def test_a_small_copy_is_marked_and_scored_whatever_its_share_of_the_frame() -> None:
    pixels, both = forged(scene(384, 512, seed=3), radius=24)
    assert both.mean() < 0.02
    found = copy_move(load_photo(pixels))
    assert f1_score(both.ravel(), found.mask.ravel()) >= 0.5


def test_a_mirrored_copy_is_found_too() -> None:
    pixels = scene(384, 512, seed=4)
    pixels[220:340, 330:450] = pixels[40:160, 60:180, :][:, ::-1].copy()
    found = copy_move(load_photo(pixels))
    assert found.mask[230:330, 340:440].mean() > 0.8
    assert found.mask[50:150, 70:170].mean() > 0.8


@pytest.mark.parametrize("seed", [0, 1, 3])
@pytest.mark.parametrize("quality", [None, 90])
def test_a_facade_whose_matches_move_as_one_is_left_alone(seed: int, quality: int | None) -> None:
    pixels = facade(480, 640, seed)
    photo = load_photo(pixels if quality is None else as_jpeg(pixels, quality))
    assert sum(int(region.inside.sum()) for region, _ in copy_move_regions(photo)) > 150  # without the checks: marked
    found = copy_move(photo)
    assert not found.mask.any()


@pytest.mark.parametrize("pixels", [scene(400, 520, seed=5), sky(400, 520)])
def test_it_is_calm_where_nothing_was_copied(pixels: Pixels) -> None:
    for photo in (load_photo(pixels), load_photo(as_jpeg(pixels, 80))):
        found = copy_move(photo)
        assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
        assert not found.mask.any()


def test_saturated_and_flat_places_say_nothing_and_the_rest_is_still_judged() -> None:
    pixels, both = forged(scene(384, 512))
    pixels[:, :50] = 255
    found = copy_move(load_photo(pixels))
    assert (found.heat[:, :30] == 0.5).all()
    assert not found.mask[:, :30].any()
    assert f1_score(both.ravel(), found.mask.ravel()) >= 0.5


def test_a_photo_with_next_to_no_detail_says_nothing() -> None:
    pixels = np.full((150, 160, 3), 9, np.uint8)
    pixels[70, 80] = 10
    found = copy_move(load_photo(pixels))
    assert (found.heat == 0.5).all()
    assert not found.mask.any()


def test_the_statistic_is_small_in_both_copies_and_large_elsewhere(copied: tuple[Photo, Bools]) -> None:
    photo, both = copied
    found = copy_move_statistic(photo)
    assert found.step == (2, 2)
    assert found.values.shape == (both.shape[0] // 2, both.shape[1] // 2)
    inner = cv2.erode(both.astype(np.uint8), disc(12).astype(np.uint8)) > 0
    assert np.median(found.values[inner[::2, ::2]]) < DEFAULT.error < np.median(found.values[~both[::2, ::2]])


def test_the_error_of_the_fit_is_that_of_least_squares() -> None:
    offsets = np.random.default_rng(0).integers(-200, 200, (40, 50)).astype(np.int16)
    found = module._error_of_fit(offsets, 3)
    rows, columns = np.nonzero(disc(3))
    for row, column in ((3, 3), (20, 31), (36, 46)):
        values = offsets[row - 3 + rows, column - 3 + columns].astype(float)
        _, error, _, _ = np.linalg.lstsq(np.stack([np.ones(len(rows)), rows, columns], 1), values, rcond=None)
        assert found[row, column] == pytest.approx(error[0], rel=1e-9)


def test_a_linear_field_has_no_error_and_a_jump_has() -> None:
    rows, columns = np.indices((60, 80))
    offsets = (3 * rows - 2 * columns).astype(np.int16)
    assert module._error_of_fit(offsets, 3)[10:-10, 10:-10].max() < 1e-3
    offsets[:, 40:] += 30
    assert module._error_of_fit(offsets, 3)[30, 40] > DEFAULT.error


def test_a_large_photo_is_reduced_by_an_integer(copied: tuple[Photo, Bools]) -> None:
    pixels, both = forged(scene(384, 512))
    large = load_photo(np.kron(pixels, np.ones((3, 3, 1), np.uint8))[:-1, :-2])
    found = copy_move(large, replace(DEFAULT, largest=200_000))
    assert copy_move_statistic(large, replace(DEFAULT, largest=200_000)).values.shape == (191, 255)
    assert copy_move_statistic(large, replace(DEFAULT, largest=200_000)).step == (6, 6)
    assert found.heat.shape == (1151, 1534)
    assert f1_score(np.kron(both, np.ones((3, 3)))[:-1, :-2].ravel() > 0, found.mask.ravel()) >= 0.8


def test_a_very_long_strip_is_reduced_until_offsets_fit_in_16_bits() -> None:
    strip = load_photo(np.random.default_rng(0).integers(0, 256, (128, 40_000, 3), dtype=np.uint8))
    found = copy_move_statistic(strip, replace(DEFAULT, largest=10_000_000))
    assert found.values.shape == (32, 10_000)
    assert np.isfinite(found.values).all()


def test_the_map_is_the_same_bit_for_bit_with_any_number_of_threads(copied: tuple[Photo, Bools], threads: None) -> None:
    heats = []
    for count in (1, 2, 3):
        cv2.setNumThreads(count)
        heats.append(copy_move(copied[0]).heat.tobytes())
    assert heats[0] == heats[1] == heats[2]


def test_it_may_run_in_threads_and_in_processes(copied: tuple[Photo, Bools]) -> None:
    photo = copied[0]
    expected = METHOD(photo).heat.tobytes()
    with ThreadPoolExecutor(3) as pool:
        assert {heatmap.heat.tobytes() for heatmap in pool.map(METHOD, [photo] * 3)} == {expected}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert processes.submit(METHOD, photo).result().heat.tobytes() == expected


@pytest.mark.parametrize("size", [(128, 128), (129, 301), (257, 128)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert np.isfinite(METHOD(photo).heat).all()
    assert copy_move_llr(photo).values.shape == (size[0] // 2, size[1] // 2)


@pytest.mark.parametrize(
    ("pixels", "reason"), [(scene(120, 300), "300 x 120"), (np.full((150, 150, 3), 9, np.uint8), "flat")]
)
def test_it_says_why_it_does_not_apply(pixels: Pixels, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        copy_move_statistic(load_photo(pixels))
    with pytest.raises(NotApplicable, match=reason):
        METHOD(load_photo(pixels))

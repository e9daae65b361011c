from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from unseam.errors import DataError
from unseam.evaluation.degrade import DEGRADATIONS, ORIGINAL, Condition, degraded, find_conditions
from unseam.photo.photo import Photo, load_photo

SHAPE = (96, 128)
SQUARE = (slice(24, 64), slice(40, 88))


@pytest.fixture
def photo() -> Photo:
    """A noisy dark photo with a bright square, as JPEG."""
    pixels = np.random.default_rng(0).integers(40, 80, (*SHAPE, 3), dtype=np.uint8)
    pixels[SQUARE] += 150
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=100, subsampling=0)
    return load_photo(file.getvalue())


@pytest.fixture
def truth() -> np.ndarray:
    truth = np.zeros(SHAPE, bool)
    truth[SQUARE] = True
    return truth


EVERY = [Condition(name, strength) for name, way in DEGRADATIONS.items() for strength in way.strengths]


@pytest.mark.parametrize("condition", EVERY, ids=str)
def test_truth_stays_on_the_square_under_every_degradation(
    photo: Photo, truth: np.ndarray, condition: Condition
) -> None:
    worse, mask = degraded(photo, truth, condition, name="a")
    assert mask.shape == (worse.height, worse.width)
    bright = worse.pixels.mean(axis=2) > 135
    overlap = np.count_nonzero(bright & mask) / np.count_nonzero(bright | mask)
    assert overlap > 0.9


@pytest.mark.parametrize("condition", EVERY, ids=str)
def test_every_degradation_is_the_same_each_time(photo: Photo, truth: np.ndarray, condition: Condition) -> None:
    first, again = (degraded(photo, truth, condition, name="a")[0] for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)


def test_the_original_is_the_file_itself(photo: Photo, truth: np.ndarray) -> None:
    same, mask = degraded(photo, truth, ORIGINAL, name="a")
    assert same is photo
    assert mask is truth


def test_jpeg_has_the_tables_of_its_quality(photo: Photo, truth: np.ndarray) -> None:
    for quality in (50, 90):
        worse, _ = degraded(photo, truth, Condition("jpeg", quality), name="a")
        assert worse.jpeg is not None
        expected = BytesIO()
        Image.fromarray(photo.pixels).save(expected, "JPEG", quality=quality)
        assert worse.data == expected.getvalue()


@pytest.mark.parametrize("name", ["resize", "blur", "noise"])
def test_what_is_not_saved_as_jpeg_has_no_coefficients(photo: Photo, truth: np.ndarray, name: str) -> None:
    assert degraded(photo, truth, Condition(name, 1), name="a")[0].jpeg is None


def test_scale_of_one_keeps_every_pixel(photo: Photo, truth: np.ndarray) -> None:
    worse, mask = degraded(photo, truth, Condition("resize", 1), name="a")
    assert np.array_equal(worse.pixels, photo.pixels)
    assert np.array_equal(mask, truth)


def test_resized_photos_have_the_size_that_the_factor_says(photo: Photo, truth: np.ndarray) -> None:
    assert degraded(photo, truth, Condition("resize", 0.25), name="a")[1].shape == (24, 32)
    assert degraded(photo, truth, Condition("resize", 1.5), name="a")[1].shape == (144, 192)


def test_a_screenshot_loses_its_border_and_with_it_the_grid(photo: Photo, truth: np.ndarray) -> None:
    worse, mask = degraded(photo, truth, Condition("screenshot", 1), name="a")
    assert (worse.height, worse.width) == (SHAPE[0] - 3, SHAPE[1] - 5)
    assert np.array_equal(mask, truth[3:, 5:])
    assert worse.jpeg is not None


def test_blur_agrees_with_a_convolution_by_hand(truth: np.ndarray) -> None:
    pixels = np.zeros((41, 41, 3), np.uint8)
    pixels[20, 20] = 255
    worse, _ = degraded(load_photo(pixels), np.zeros((41, 41), bool), Condition("blur", 2), name="a")
    kernel = np.exp(-(np.arange(-20, 21) ** 2) / (2 * 2**2))
    kernel /= kernel.sum()
    assert worse.pixels[..., 0] == pytest.approx(255 * np.outer(kernel, kernel), abs=1)


def test_noise_has_its_strength_and_belongs_to_seed_name_and_strength() -> None:
    grey, truth = load_photo(np.full((200, 200, 3), 128, np.uint8)), np.zeros((200, 200), bool)

    def noise(name: str = "a", strength: float = 5, seed: int = 0) -> np.ndarray:
        return degraded(grey, truth, Condition("noise", strength), name=name, seed=seed)[0].pixels.astype(int) - 128

    assert noise().std() == pytest.approx(5, rel=0.02)
    assert noise().mean() == pytest.approx(0, abs=0.05)
    assert np.corrcoef(noise()[..., 0].ravel(), noise()[..., 1].ravel())[0, 1] == pytest.approx(0, abs=0.02)
    others = [noise(name="b"), noise(seed=1), noise(strength=5.5)]
    assert all(abs(np.corrcoef(noise().ravel(), other.ravel())[0, 1]) < 0.02 for other in others)


def test_resizing_averages_and_does_not_alias(photo: Photo) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    worse, _ = degraded(load_photo(stripes), np.zeros((64, 64), bool), Condition("resize", 0.5), name="a")
    assert np.ptp(worse.pixels) == 0
    assert cv2.mean(worse.pixels)[0] == 100


def test_a_region_that_vanishes_is_an_error_and_no_authentic_photo(photo: Photo) -> None:
    speck = np.zeros(SHAPE, bool)
    speck[10, 10] = True
    with pytest.raises(DataError, match="marks nothing after resize"):
        degraded(photo, speck, Condition("resize", 0.25), name="a")
    with pytest.raises(DataError, match="marks everything"):
        degraded(photo, ~speck, Condition("resize", 0.25), name="a")


def test_an_authentic_photo_stays_one(photo: Photo) -> None:
    assert not degraded(photo, np.zeros(SHAPE, bool), Condition("resize", 0.25), name="a")[1].any()


def test_one_pixel_survives_everything() -> None:
    dot = load_photo(np.zeros((1, 1, 3), np.uint8))
    for condition in EVERY:
        assert degraded(dot, np.zeros((1, 1), bool), condition, name="a")[0].height >= 1


def test_sweeps_are_found_by_name_with_the_original_first() -> None:
    assert find_conditions([]) == (ORIGINAL,)
    assert find_conditions(["jpeg"])[:2] == (ORIGINAL, Condition("jpeg", 100))
    assert find_conditions(["blur=1,0.5", "blur=1"]) == (ORIGINAL, Condition("blur", 1), Condition("blur", 0.5))
    assert set(find_conditions(["all"])) == {ORIGINAL, *EVERY}


@pytest.mark.parametrize("bad", ["fire", "jpeg=high", "jpeg=0", "jpeg=101", "resize=0", "jpeg=90,", "blur=nan"])
def test_what_makes_no_sense_is_refused(bad: str) -> None:
    with pytest.raises(DataError, match=r"no degradation|expected"):
        find_conditions([bad])

"""Demosaicing traces: numbers of the reference, a picture from a simulated sensor, and everything without a trace."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from support.places import SHARED
from unseam.detectors.demosaicing import (
    METHOD,
    demosaicing,
    demosaicing_llr,
    demosaicing_statistic,
    green_parity,
    local_variance,
)
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
Pixels = NDArray[np.uint8]


def scene(height: int = 384, width: int = 512, seed: int = 0) -> Pixels:
    """Coloured texture on several scales, as before a sensor."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128.0)
    for sigma, contrast in ((1, 12), (4, 20), (30, 40)):
        layer = cv2.GaussianBlur(random.normal(size=(height, width, 3)), (0, 0), sigma)
        picture += contrast * layer / layer.std()
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def sensed(picture: Pixels, shift: int = 0) -> Pixels:
    """Keep one colour at each pixel, as a sensor does (green, red / blue, green), and interpolate the rest."""
    rows, columns = np.indices(picture.shape[:2])
    columns = columns + shift
    seen = [(rows % 2 == 0) & (columns % 2 == 1), (rows + columns) % 2 == 0, (rows % 2 == 1) & (columns % 2 == 0)]
    sides, all_around = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4, np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    planes = [
        cv2.filter2D(picture[..., c] * seen[c].astype(float), cv2.CV_64F, sides if c == 1 else all_around)
        for c in range(3)
    ]
    return np.clip(np.round(np.dstack(planes)), 0, 255).astype(np.uint8)


def forged(kind: str) -> tuple[Pixels, NDArray[np.bool_]]:
    """Replace an ellipse of a sensed picture by blurred and noisy, by enlarged, or by shifted content."""
    host = sensed(scene())
    height, width = host.shape[:2]
    random = np.random.default_rng(1)
    if kind == "blurred":
        other = cv2.GaussianBlur(host, (0, 0), 1) + random.normal(0, 3, host.shape)
    elif kind == "enlarged":
        other = cv2.resize(host, None, fx=1.4, fy=1.4, interpolation=cv2.INTER_CUBIC)[:height, :width].astype(float)
    else:
        other = np.roll(host, 101, axis=1).astype(float)
    mask = cv2.ellipse(np.zeros((height, width), np.uint8), (220, 180), (110, 80), 0, 0, 360, 1, -1).astype(bool)
    pasted = np.clip(np.round(other), 0, 255).astype(np.uint8)
    return np.where(mask[..., None], pasted, host), mask


def as_jpeg(pixels: Pixels, mode: str, **options: object) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", **options)
    return load_photo(buffer.getvalue())


@pytest.mark.parametrize("stem", ["t0_authentic_hubble", "t1_adq_china", "t3_copymove_flower_odd", "t4_noise_astro"])
def test_the_statistic_is_pyifds(stem: str) -> None:
    if not REFERENCE.is_dir():
        pytest.skip(f"no reference maps in {REFERENCE}")
    expected = np.load(REFERENCE / "CFA1.npz")[f"{stem}__out0"]

    ours = demosaicing_statistic(load_photo(REFERENCE / f"{stem}.jpg")).values

    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() <= 1e-6 * np.ptp(expected)


def test_the_statistic_is_the_authors_toolboxs() -> None:
    if not REFERENCE.is_dir():
        pytest.skip(f"no reference maps in {REFERENCE}")
    from scipy.io import loadmat

    expected = loadmat(REFERENCE / "matlab_168/168_CFA1.mat")["OutputMap"]

    ours = demosaicing_statistic(load_photo(REFERENCE / "matlab_168/168_image.jpg")).values

    assert np.abs(ours - expected).max() <= 1e-6 * np.ptp(expected)


@pytest.mark.parametrize("kind", ["blurred", "enlarged", "shifted"])
def test_a_region_without_the_photos_trace_is_hot(kind: str) -> None:
    pixels, mask = forged(kind)

    heatmap = demosaicing(load_photo(pixels))

    assert roc_auc_score(mask.ravel(), heatmap.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), heatmap.mask.ravel()) >= 0.5


def test_the_papers_statistic_is_high_where_the_trace_is_missing() -> None:
    pixels, mask = forged("blurred")

    values = demosaicing_statistic(load_photo(pixels)).values

    assert roc_auc_score(mask[4::8, 4::8].ravel(), values.ravel()) >= 0.95


@pytest.mark.parametrize("shift", [0, 1])
def test_an_untouched_sensed_photo_is_cold_wherever_its_green_begins(shift: int) -> None:
    photo = load_photo(sensed(scene(), shift))

    heatmap = demosaicing(photo)

    assert np.quantile(heatmap.heat, 0.99) < 0.5
    assert not heatmap.mask.any()


@pytest.mark.parametrize("shift", [0, 1])
def test_the_place_of_green_is_found(shift: int) -> None:
    assert green_parity(sensed(scene(), shift)) == shift


def test_a_photo_that_was_never_sensed_gives_no_evidence() -> None:
    assert np.isnan(demosaicing_llr(load_photo(scene())).values).all()
    assert (demosaicing(load_photo(scene())).heat == 0.5).all()


def test_a_resized_photo_gives_no_evidence() -> None:
    resized = cv2.resize(sensed(scene()), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)

    assert np.isnan(demosaicing_llr(load_photo(resized)).values).all()


def test_flat_parts_know_nothing_and_the_rest_still_does() -> None:
    pixels = sensed(scene())
    pixels[:, :200] = 255

    llr = demosaicing_llr(load_photo(pixels)).values

    assert np.isnan(llr[:, :24]).all()
    assert (llr[:, 27:] < 0).all()


def test_a_nearly_flat_photo_is_half_where_the_reference_gives_nan() -> None:
    pixels = np.full((96, 120, 3), 90, np.uint8)
    pixels[3, 3] = (91, 90, 90)

    assert (demosaicing_statistic(load_photo(pixels)).values == 0.5).all()
    assert (demosaicing(load_photo(pixels)).heat == 0.5).all()


def test_the_local_variance_uses_pixels_of_the_same_colour_of_the_chessboard_only() -> None:
    rows, columns = np.indices((20, 30))
    error = np.where((rows + columns) % 2 == 0, 5.0, -40.0)

    variance = local_variance(error)

    np.testing.assert_allclose(variance[3:-3, 3:-3], 0, atol=1e-9)


@pytest.mark.parametrize("size", [(64, 64), (65, 129), (131, 97), (200, 71)])
def test_odd_and_small_sizes_give_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(sensed(scene(*size)))

    assert demosaicing(photo).heat.shape == size
    assert np.isfinite(demosaicing(photo).heat).all()
    assert np.isfinite(demosaicing_statistic(photo).values).all()


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpegs_of_every_kind_give_a_finite_map(mode: str, progressive: bool) -> None:
    photo = as_jpeg(scene(130, 170), mode, quality=80, progressive=progressive)

    assert np.isfinite(demosaicing(photo).heat).all()
    assert np.isfinite(demosaicing_statistic(photo).values).all()


@pytest.mark.parametrize("function", [demosaicing, demosaicing_llr, demosaicing_statistic, METHOD])
@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (scene(63, 200), "expected at least 64 x 64"),
        (scene(1, 300), "expected at least"),
        (np.full((80, 80, 3), 7, np.uint8), "flat"),
        (np.repeat(scene(80, 80)[..., :1], 3, axis=2), "grey"),
    ],
)
def test_the_reason_why_it_does_not_apply_is_given(function: object, pixels: Pixels, reason: str) -> None:
    assert callable(function)
    with pytest.raises(NotApplicable, match=reason):
        function(load_photo(pixels))


def test_the_same_photo_gives_the_same_map() -> None:
    photo = load_photo(forged("blurred")[0])

    assert demosaicing(photo).heat.tobytes() == demosaicing(photo).heat.tobytes()

"""Whole photos that were resized, blurred or left alone, from the photographs in `examples/`."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.places import ROOT
from unseam.models.fusion import resampling
from unseam.models.fusion.resampling import PERIODIC, Traces, resampling_traces
from unseam.photo.photo import load_photo

Pixels = NDArray[np.uint8]

EXAMPLES = ROOT / "examples"
CAMERA = EXAMPLES / "originals" / "houseboat.jpg"
UNCHANGED = [CAMERA, *sorted((EXAMPLES / "photos").glob("authentic-*")), EXAMPLES / "originals" / "dune.jpg"]


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return load_photo(CAMERA).pixels


def resized(pixels: Pixels, factor: float) -> Pixels:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=way), np.uint8)


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def compressed(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return load_photo(file.getvalue()).pixels


def grey(plane: NDArray[np.generic]) -> Pixels:
    return np.repeat(plane.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("path", UNCHANGED, ids=lambda path: path.stem)
@pytest.mark.parametrize("quality", [None, 95, 75, 50])
def test_an_unchanged_photo_is_in_peace_however_it_is_saved(path: Path, quality: int | None) -> None:
    pixels = load_photo(path).pixels
    assert resampling_traces(pixels if quality is None else compressed(pixels, quality)).reason() is None


@pytest.mark.parametrize("factor", [0.75, 1.2, 1.25, 1.5])
def test_a_resized_photo_repeats_at_one_over_the_factor(factor: float) -> None:
    sharp = load_photo(EXAMPLES / "photos" / "authentic-coffee.png").pixels
    traces = resampling_traces(resized(sharp, factor))
    assert traces.frequency == pytest.approx(abs(1 / factor - 1), abs=0.003)
    assert "resized" in str(traces.reason())


@pytest.mark.parametrize("quality", [None, 95, 85])
def test_a_resized_jpeg_repeats_at_its_old_grid_too(quality: int | None) -> None:
    larger = resized(load_photo(EXAMPLES / "originals" / "dune.jpg").pixels, 1.5)
    traces = resampling_traces(larger if quality is None else compressed(larger, quality))
    cycles = traces.frequency * 8 * 1.5
    assert cycles == pytest.approx(round(cycles), abs=0.05)
    assert "resized" in str(traces.reason())


@pytest.mark.parametrize("quality", [None, 95, 75])
def test_a_doubled_photo_lacks_detail(photo: Pixels, quality: int | None) -> None:
    larger = resized(photo, 2)
    assert "enlarged" in str(resampling_traces(larger if quality is None else compressed(larger, quality)).reason())


@pytest.mark.parametrize("quality", [None, 95, 75])
@pytest.mark.parametrize("sigma", [1, 2])
def test_a_smoothed_photo_lacks_detail_even_where_it_is_sharpest(
    photo: Pixels, sigma: float, quality: int | None
) -> None:
    smooth = blurred(photo, sigma)
    reason = resampling_traces(smooth if quality is None else compressed(smooth, quality)).reason()
    assert "enlarged or smoothed" in str(reason)


def test_a_fence_in_one_part_is_no_resampling(photo: Pixels) -> None:
    fenced = photo.copy()
    fenced[: photo.shape[0] // 4, ::3] = 20
    fenced[::3, : photo.shape[1] // 4] = 20
    assert resampling_traces(fenced).reason() is None


def test_grids_of_jpeg_and_of_color_filters_are_no_resampling(photo: Pixels) -> None:
    for period in (2, 4, 8):
        marked = photo.astype(np.int16)
        marked[::period] += 6
        marked[:, ::period] += 6
        assert resampling_traces(np.clip(marked, 0, 255).astype(np.uint8)).reason() is None


def test_rows_and_columns_are_judged_alike(photo: Pixels) -> None:
    for pixels in (photo, resized(photo, 1.5)):
        turned = np.ascontiguousarray(pixels.transpose(1, 0, 2))
        expected = dataclasses.astuple(resampling_traces(pixels))
        assert dataclasses.astuple(resampling_traces(turned)) == pytest.approx(expected, rel=1e-4)  # float32 sums


def waves(place: NDArray[np.int_]) -> NDArray[np.float64]:
    """Strength of texture that swells every 50 pixels."""
    return np.exp(0.5 * np.sin(2 * np.pi * place / 50))


def bars(place: NDArray[np.int_]) -> NDArray[np.float64]:
    """Texture in bars of 24 pixels, five times as strong as between them."""
    return np.where(place // 24 % 2, 5, 1)


@pytest.mark.parametrize("strength", [waves, bars])
def test_slow_changes_of_texture_are_the_scene(strength: Callable[[NDArray[np.int_]], NDArray[np.float64]]) -> None:
    noise = np.random.default_rng(1).normal(0, 7, (520, 640))
    profiles = strength(np.arange(520))[:, None] * strength(np.arange(640))
    assert resampling_traces(grey(np.clip(128 + noise * profiles, 0, 255))).periodicity < PERIODIC - 1


def fog(contrast: float) -> Pixels:
    noise = np.random.default_rng(3).normal(0, contrast, (131, 203)).astype(np.float32)
    return grey(np.clip(128 + cv2.GaussianBlur(noise, (0, 0), 2), 0, 255))


NOISE = np.random.default_rng(1).integers(0, 256, (131, 203, 3), dtype=np.uint8)
ROWS, COLUMNS = np.indices((131, 203))


@pytest.mark.parametrize(
    "pixels",
    [
        NOISE,
        np.full((131, 203, 3), 9, np.uint8),
        grey((ROWS + COLUMNS) % 2 * 200),
        grey(COLUMNS % 2 * 200),
        grey((ROWS // 2 + COLUMNS // 2) % 2 * 200),
        grey(COLUMNS),
        np.clip(NOISE, 120, 124),
        compressed(fog(16), 75),
    ],
    ids=["noise", "flat", "checkerboard", "stripes", "squares", "ramp", "faint noise", "fog"],
)
def test_what_was_never_resampled_is_in_peace(pixels: Pixels) -> None:
    assert resampling_traces(pixels).reason() is None


def test_one_sharp_part_is_enough() -> None:
    pixels = fog(60)
    assert "smoothed" in str(resampling_traces(pixels).reason())
    pixels[40:80, 80:136] = 126 + NOISE[40:80, 80:136, :1] // 32
    assert resampling_traces(pixels).reason() is None


@pytest.mark.parametrize("size", [(1, 1), (63, 400), (400, 63)])
def test_a_tiny_photo_has_no_traces(size: tuple[int, int]) -> None:
    assert resampling_traces(np.zeros((*size, 3), np.uint8)) == Traces()


@pytest.mark.parametrize("size", [(64, 64), (65, 127), (64, 1000), (513, 71)])
def test_odd_sizes_are_measured(photo: Pixels, size: tuple[int, int]) -> None:
    rows, columns = (min(side, most) for side, most in zip(size, photo.shape[:2], strict=True))
    traces = resampling_traces(np.ascontiguousarray(photo[100 : 100 + rows, :columns]))
    assert np.isfinite([traces.periodicity, traces.detail]).all()


def test_only_strips_of_a_large_photo_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    larger = resized(load_photo(EXAMPLES / "originals" / "dune.jpg").pixels, 1.5)
    monkeypatch.setattr(resampling, "MAX_PIXELS", larger.shape[0] * larger.shape[1] // 4)
    assert sum(strip.size for strip in resampling._strips(larger)) <= resampling.MAX_PIXELS
    assert "resized" in str(resampling_traces(larger).reason())

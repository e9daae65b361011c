from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.synthetic import textured
from unseam.forging.history import LOSSLESS, Compression, encoded
from unseam.forging.laundering import (
    FILTERS,
    MIN_SCALE,
    MIN_SIDE,
    POINT,
    Copy,
    Profile,
    draw_copies,
    laundered,
    limited,
    profiles,
    total_scale,
)

PHOTO = textured(300, 400, 5)
FILE = encoded(PHOTO, Compression(quality=95))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_every_profile_names_its_source_and_has_a_distinct_name() -> None:
    assert len({profile.name for profile in profiles()}) == len(profiles())
    assert all(len(profile.source) > 20 for profile in profiles())
    assert all(1 <= low <= high <= 100 for low, high in (profile.quality for profile in profiles()))


def test_every_profile_is_drawn_and_some_files_are_laundered_twice() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_copies(3000, rng) for _ in range(600)]
    assert {copy.profile for copies in drawn for copy in copies} == {profile.name for profile in profiles()}
    assert 0.15 < np.mean([len(copies) == 2 for copies in drawn]) < 0.35


def test_a_service_with_a_limit_reduces_to_it_and_leaves_smaller_photographs_at_their_size() -> None:
    rng = np.random.default_rng(1)
    limits = {profile.name: profile.longest for profile in profiles() if profile.longest}
    for longest in (900, 2000, 4000):
        for copy in (draw_copies(longest, rng)[0] for _ in range(200)):
            if copy.profile in limits and copy.scale > MIN_SCALE:
                assert copy.scale == 1 or round(longest * copy.scale) in limits[copy.profile]


@pytest.mark.parametrize("name", [*FILTERS, POINT])
def test_a_copy_has_the_size_quality_and_subsampling_that_it_says(name: str) -> None:
    copy = Copy("whatsapp", 0.5, name, 0.0, Compression(quality=71, subsampling="4:2:2"))
    data, _ = laundered(FILE, [], [copy])
    expected = io.BytesIO()
    Image.new("RGB", (200, 150)).save(expected, "JPEG", quality=71, subsampling=1)
    with opened(data) as image, opened(expected.getvalue()) as same:
        assert image.size == (200, 150)
        assert image.quantization == same.quantization  # type: ignore[attr-defined]
        assert image.layer == same.layer  # type: ignore[attr-defined]


def test_a_mask_is_set_where_more_than_half_of_a_pixels_area_was() -> None:
    mask = np.zeros((300, 400), bool)
    mask[:151, :200] = True  # row 75 of the copy: half of it set; the copy's column 99 wholly
    _, (small, nothing) = laundered(FILE, [mask, None], [Copy("mail", 0.5, "box", 0.0, LOSSLESS)])
    assert small is not None
    assert nothing is None
    assert small.shape == (150, 200)
    assert small[:75, :100].all()
    assert small.sum() == 75 * 100


def test_a_hairline_keeps_a_mask() -> None:
    mask = np.zeros((300, 400), bool)
    mask[100, 50:60] = True
    _, (small,) = laundered(FILE, [mask], [Copy("mail", 0.4, "box", 0.0, LOSSLESS)])
    assert small is not None
    assert 0 < small.sum() < 10


def test_the_second_copy_is_made_of_the_first() -> None:
    copies = (Copy("web-copy", 0.8, "box", 0.3, Compression(60)), Copy("telegram", 0.5, "lanczos", 0.0, LOSSLESS))
    once, _ = laundered(FILE, [], copies[:1])
    twice, _ = laundered(FILE, [], copies)
    again, _ = laundered(once, [], copies[1:])
    assert twice == again
    assert opened(twice).size == (160, 120)


def test_no_copy_makes_a_frame_smaller_than_the_smallest_side() -> None:
    copies = (Copy("web-copy", 0.5, "box", 0.3, Compression(60)), Copy("telegram", 0.5, "lanczos", 0.0, LOSSLESS))
    assert total_scale(limited(copies, 250)) * 250 == pytest.approx(MIN_SIDE)
    assert total_scale(limited(copies, 100)) == 1
    assert limited(copies, 2000) == copies


def row(profile: Profile) -> str:
    """Return a profile's row of the page."""
    sizes = ", ".join(map(str, profile.longest)) or "{:g} to {:g} times".format(*profile.scale)
    quality = "{} to {}".format(*profile.quality) + (f", {profile.png_share:.0%} PNG" if profile.png_share else "")
    sharpening = "{:g} to {:g}".format(*profile.sharpening) if profile.sharpening[1] else ""
    cells = (f"`{profile.name}`", f"{profile.weight:g}", sizes, quality, ", ".join(profile.subsampling), sharpening)
    return f"| {' | '.join((*cells, profile.source))} |"


def test_the_page_lists_every_profile() -> None:
    page = (Path(__file__).parents[2] / "docs" / "forging.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line in set(map(row, profiles()))] == list(map(row, profiles()))

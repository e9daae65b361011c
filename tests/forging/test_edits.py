from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from support.synthetic import textured
from unseam.errors import DataError
from unseam.forging.edits import Cutout, copy_move, cut, inpainted, patched, splice, transformed
from unseam.forging.seams import blend
from unseam.forging.shapes import blob

HOST, DONOR = textured(200, 240, 1), textured(200, 240, 2)


def disk(row: int = 90, column: int = 100, radius: int = 35) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[:200, :240]
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


@pytest.mark.parametrize("seam", ["hard", "smooth", "poisson"])
@pytest.mark.parametrize("corner", [(40, 60), (-30, -20), (165, 200)])
def test_outside_the_mask_every_pixel_is_the_hosts(seam: str, corner: tuple[int, int]) -> None:
    pixels, mask = splice(HOST, cut(DONOR, disk()), *corner, seam=seam, width=2.5)
    assert (pixels[~mask] == HOST[~mask]).all()
    assert (pixels[mask] != HOST[mask]).any(axis=1).mean() > 0.9


def test_a_hard_splice_holds_the_donors_own_pixels_in_its_mask() -> None:
    pixels, mask = splice(HOST, cut(DONOR, disk(), margin=0), 10, 20)
    assert (pixels[mask] == DONOR[disk()]).all()


def test_a_feathered_mask_is_half_of_the_way_to_the_donor() -> None:
    black, white = np.zeros_like(HOST), np.full_like(HOST, 255)
    pixels, mask = blend(black, white, disk(), "feather", 4)
    assert (mask == (pixels[..., 0] >= 128)).all()
    assert 0 < (pixels[~mask] > 0).sum() < 12 * 2 * np.pi * 35 * 3


def test_a_poisson_seam_takes_the_hosts_brightness() -> None:
    """A donor that differs by a constant and nothing else becomes the host again, whatever the shape."""
    rng = np.random.default_rng(0)
    region = np.zeros((200, 240), bool)
    region[30:160, 40:200] = blob(130, 160, rng)
    brighter = np.minimum(HOST, 205) + np.uint8(50)
    host = np.minimum(HOST, 205)
    pixels, _ = blend(host, brighter, region, "poisson", 0)
    assert np.abs(pixels[region] - host[region].astype(int)).max() <= 1


def test_a_poisson_seam_follows_a_sloping_difference() -> None:
    ramp = np.broadcast_to(np.arange(240) / 4, (200, 240))[..., None]
    host = np.clip(HOST * 0.5, 0, 120)
    pixels, _ = blend(host.astype(np.uint8), np.rint(host + ramp).astype(np.uint8), disk(), "poisson", 0)
    assert np.abs(pixels[disk()] - host[disk()]).mean() < 1.5


def test_a_copy_move_marks_the_copy_and_not_its_source() -> None:
    pixels, mask = copy_move(HOST, disk(60, 60, 30), 120, 150)
    margin = 6
    assert (mask == disk(60 - 30 + 120 - 30 + 30 + margin, 60 - 30 + 150 - 30 + 30 + margin, 30)).all()
    assert (pixels[mask] == HOST[disk(60, 60, 30)]).all()


def test_nothing_is_resampled_without_scale_and_angle() -> None:
    cutout = Cutout(HOST, disk())
    assert (transformed(cutout, 1.0, 0.0, True).pixels == HOST[:, ::-1]).all()


@pytest.mark.parametrize(("scale", "angle"), [(0.5, 0), (1.5, 0), (1.0, 40), (0.7, -20)])
def test_area_grows_with_the_square_of_the_scale(scale: float, angle: float) -> None:
    mask = transformed(Cutout(HOST, disk()), scale, angle, False).mask
    assert mask.sum() == pytest.approx(disk().sum() * scale**2, rel=0.03)


@pytest.mark.parametrize("fill", ["telea", "navier-stokes"])
@pytest.mark.parametrize("region", [disk(), disk(0, 0), disk(199, 239)])
def test_a_removal_changes_nothing_else(fill: str, region: NDArray[np.bool_]) -> None:
    pixels, mask = inpainted(HOST, region, fill)
    assert (mask == region).all()
    assert (pixels[~mask] == HOST[~mask]).all()
    assert (pixels[mask] != HOST[mask]).any(axis=1).mean() > 0.9


def test_a_patch_fill_removes_a_spot_from_an_even_ground() -> None:
    ground = np.clip(textured(200, 240, 5) // 8 + 100, 0, 255).astype(np.uint8)
    spotted = ground.copy()
    spotted[disk(100, 120, 20)] = (255, 0, 0)
    pixels, mask = patched(spotted, disk(100, 120, 26), np.random.default_rng(0))
    assert not (pixels[mask] == (255, 0, 0)).all(axis=1).any()
    assert np.abs(pixels[mask].mean(axis=0) - ground.mean(axis=(0, 1))).max() < 10


def test_tone_matching_moves_a_bright_donor_towards_the_host() -> None:
    bright = np.full_like(HOST, 250)
    plain, mask = splice(HOST, cut(bright, disk()), 40, 60)
    matched, _ = splice(HOST, cut(bright, disk()), 40, 60, tone=True)
    assert abs(matched[mask].mean() - HOST.mean()) < abs(plain[mask].mean() - HOST.mean())


def test_a_cutout_outside_the_frame_is_refused() -> None:
    with pytest.raises(DataError, match="outside"):
        splice(HOST, cut(DONOR, disk()), 500, 0)


def test_an_empty_region_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        cut(HOST, np.zeros((200, 240), bool))


def test_the_callers_arrays_are_left_alone() -> None:
    host, region = HOST.copy(), disk()
    for seam in ("hard", "feather", "smooth", "poisson"):
        copy_move(host, region, 120, 150, seam=seam)
    inpainted(host, region, "telea")
    patched(host, region, np.random.default_rng(0))
    assert (host == HOST).all()
    assert (region == disk()).all()

"""Nothing but the forgery tells a forged file from an authentic one; and this test would see it if something did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from support.leaks import folder_auc
from support.synthetic import SMALL, textured
from unseam.forging import ForgeConfig, forge_folder

pytestmark = pytest.mark.xdist_group("leaks")

MIXED = replace(SMALL, object_share=0.0, authentic=0.75)
"""Half of the files authentic."""

IJG_ALONE: dict[str, object] = {
    "png_share": 0.0,
    "camera_share": 0.0,
    "two_camera_share": 0.0,
    "decoration_share": 0.0,
    "laundered_share": 0.0,
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "photos"
    folder.mkdir()
    for i in range(60):
        Image.fromarray(textured(190 + i % 7 * 8, 196 + i % 5 * 12, 900 + i)).save(folder / f"{i:02d}.png")
    return folder


def forge(photos: Path, out: Path, count: int, config: ForgeConfig) -> Path:
    forge_folder([photos], [], out, count=count, seed=1, config=config)
    return out


def test_whole_file_features_do_not_tell_forged_from_authentic(many: Path, tmp_path: Path) -> None:
    auc, forged, authentic = folder_auc(forge(many, tmp_path / "out", 800, MIXED))
    assert min(forged, authentic) > 350
    assert 0.45 < auc < 0.55


@pytest.mark.parametrize(
    ("forged", "authentic"),
    [
        ({"quality": (85, 98), **IJG_ALONE}, {"quality": (60, 84), **IJG_ALONE}),
        ({**IJG_ALONE, "png_share": 0.0}, {**IJG_ALONE, "png_share": 1.0}),
    ],
    ids=["quality", "format"],
)
def test_a_leak_planted_on_purpose_is_seen(
    many: Path, tmp_path: Path, forged: dict[str, object], authentic: dict[str, object]
) -> None:
    edited = forge(many, tmp_path / "forged", 200, replace(MIXED, authentic=0.0, **forged))  # type: ignore[arg-type]
    only = {"splice": 0.0, "copy_move": 0.0, "removal": 0.0}
    genuine = forge(many, tmp_path / "authentic", 200, replace(MIXED, **only, **authentic))  # type: ignore[arg-type]
    assert folder_auc(edited, genuine)[0] > 0.9

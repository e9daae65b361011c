from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from unseam.errors import DataError
from unseam.forging import ForgeConfig

PAGE = (Path(__file__).parents[2] / "docs" / "forging.md").read_text(encoding="utf-8")


def written(value: object) -> str:
    return f"{value[0]} to {value[1]}" if isinstance(value, tuple) else str(value).lower()


def test_the_page_names_every_setting_with_its_default() -> None:
    table: dict[str, str] = {}
    for names, values in re.findall(r"^\| (`[^|]*`) \| ([^|]*) \|", PAGE, re.MULTILINE):
        table |= zip(re.findall(r"`([a-z_-]+)`", names), values.split(", "), strict=False)
    assert {field.name: table.get(field.name) for field in fields(ForgeConfig)} == {
        field.name: written(field.default) for field in fields(ForgeConfig)
    }


def test_the_easy_preset_differs_in_what_the_page_says_and_nothing_else() -> None:
    default, easy = ForgeConfig(), ForgeConfig.easy()
    changed = {field.name for field in fields(ForgeConfig) if getattr(default, field.name) != getattr(easy, field.name)}
    seams = {"hard", "feather", "matte", "smooth", "poisson"}
    shares = {
        "tone",
        "rendering",
        "tile",
        "two_camera",
        "adjustment",
        "decoration",
        "png",
        "camera",
        "editor",
        "host_tables",
    }
    assert changed == seams | {f"{name}_share" for name in shares} | {"quality"}
    assert [name for name, weight in easy.seams.items() if weight] == ["hard"]


def test_the_large_preset_makes_small_edits_in_frames_that_keep_the_history_of_their_file() -> None:
    large = ForgeConfig.large()
    assert (large.megapixels, large.area) == ((2.0, 12.0), (0.001, 0.10))
    assert large.host_history_share < ForgeConfig().host_history_share
    assert large.aligned_share > ForgeConfig().aligned_share


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"png_share": 1.5}, "png_share is 1.5; expected a share"),
        ({"area": (0.4, 0.1)}, r"area is \(0.4, 0.1\); expected a range"),
        ({"splice": -1.0}, "kinds are"),
        (dict.fromkeys(("hard", "feather", "matte", "smooth", "poisson"), 0.0), "seams are"),
    ],
)
def test_contradicting_settings_are_refused(wrong: dict[str, float], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        ForgeConfig(**wrong)  # type: ignore[arg-type]

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from unseam.errors import DataError
from unseam.forging import ForgeConfig

PAGE = (Path(__file__).parents[2] / "docs" / "forging.md").read_text(encoding="utf-8")


def written(value: object) -> str:
    return f"{value[0]} to {value[1]}" if isinstance(value, tuple) else str(value)


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
    assert changed == seams | {"tone_share", "after_share", "png_share", "quality", "camera_share"}
    assert [name for name, weight in easy.seams.items() if weight] == ["hard"]


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

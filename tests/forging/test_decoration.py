from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from support.synthetic import textured
from unseam.forging.decoration import KINDS, Decoration, decorated, draw_decoration

PHOTO, OTHER = textured(160, 240, 1), textured(200, 210, 2)
MASK = np.zeros((160, 240), bool)
MASK[60:110, 90:150] = True
PLAIN = Decoration("border", 0.05, (250, 204, 21), "Summer 1998", 0.9, 0)


@pytest.mark.parametrize("place", [0.1, 0.9])
@pytest.mark.parametrize("kind", ["border", "letterbox", "band", "collage"])
def test_the_photograph_and_its_mask_stay_together(kind: str, place: float) -> None:
    pixels, (mask, nothing) = decorated(PHOTO, [MASK, None], replace(PLAIN, kind=kind, place=place), OTHER)
    assert nothing is None
    assert mask is not None
    assert mask.shape == pixels.shape[:2]
    assert mask.shape != MASK.shape
    assert (pixels[mask] == PHOTO[MASK]).all()
    assert mask.sum() == MASK.sum()


def test_what_is_added_is_one_colour_or_another_photograph() -> None:
    framed, _ = decorated(PHOTO, [], PLAIN, None)
    assert (framed[0] == PLAIN.colour).all()
    joined, _ = decorated(PHOTO, [], replace(PLAIN, kind="collage", place=0.2), OTHER)
    assert joined.shape[0] == 160
    assert joined[:, 240:].std() > 10


def test_a_caption_clears_the_mask_under_its_letters_and_changes_nothing_else() -> None:
    caption = replace(PLAIN, kind="caption", size=0.2, place=0.5)
    pixels, (mask,) = decorated(PHOTO, [MASK], caption, None)
    written = (pixels != PHOTO).any(axis=2)
    assert mask is not None
    assert 0.01 < written.mean() < 0.3
    assert (mask == (MASK & ~written)).all()
    assert mask.sum() < MASK.sum()


def test_every_kind_is_drawn() -> None:
    rng = np.random.default_rng(0)
    assert {draw_decoration(rng).kind for _ in range(100)} == set(KINDS)

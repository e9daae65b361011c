"""Recipes of the network `fusion`."""

from __future__ import annotations

import numpy as np
import pytest

from unseam.errors import RecipeError
from unseam.training.fusion.recipe import BlockConfig, FusionLossConfig


def test_what_is_skipped_is_the_same_every_time_and_as_often_as_asked() -> None:
    config = BlockConfig(copy_move_share=0.25)
    names = [f"images/{number:06d}.jpg" for number in range(2000)]
    asked = [not config.skipped(name) for name in names]
    assert asked == [not config.skipped(name) for name in names]
    assert 0.2 < np.mean(asked) < 0.3
    assert not BlockConfig(copy_move_share=1.0).skipped("a")
    with pytest.raises(RecipeError, match="expected a share"):
        BlockConfig(copy_move_share=2.0)


def test_unknown_or_negative_weights_of_the_loss_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"loss\.dice is -1"):
        FusionLossConfig(dice=-1.0)
    with pytest.raises(RecipeError, match="both 0"):
        FusionLossConfig(cell=0.0, dice=0.0)

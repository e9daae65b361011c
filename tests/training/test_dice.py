import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch

from unseam.training.dice import dice_loss


def test_the_dice_loss_is_small_where_the_map_is_right_and_large_where_it_is_not() -> None:
    truth = torch.zeros(1, 20, 20)
    truth[:, 3:7, 3:7] = 1
    right = 20 * (truth - 0.5)
    assert float(dice_loss(right, truth)) < 0.01
    assert float(dice_loss(-right, truth)) > 0.9
    assert float(dice_loss(right, torch.zeros_like(truth))) == 0


def test_each_map_counts_the_same_however_large_its_manipulated_part() -> None:
    truth = torch.zeros(2, 40, 40)
    truth[0, :30, :30] = truth[1, :3, :3] = 1
    missed = torch.full_like(truth, -20.0)
    assert float(dice_loss(missed, truth)) == pytest.approx(1, abs=0.06)
    found = torch.stack([missed[0], 40 * (truth[1] - 0.5)])
    assert float(dice_loss(found, truth)) == pytest.approx(0.5, abs=0.01)

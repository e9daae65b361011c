"""Losses of patch networks, plain and as a recipe weights them."""

import math
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch
from torch import Tensor, nn

from unseam.errors import RecipeError
from unseam.training.patch.network import Outputs
from unseam.training.patch.recipe import PatchLossConfig
from unseam.training.patch.source import Batch
from unseam.training.patch.validation import PatchTask


class Fixed(nn.Module):
    """A network that answers the same whatever it sees."""

    def __init__(self, pixel: Tensor) -> None:
        super().__init__()
        self.outputs = Outputs(torch.zeros(len(pixel), 2), torch.stack([-pixel / 2, pixel / 2], 1))

    def forward(self, _: Tensor) -> Outputs:
        return self.outputs


def batch(masks: Tensor) -> Batch:
    return Batch(torch.zeros(*masks.shape, 3, dtype=torch.uint8), masks, masks.any(2).any(1).long())


def parts(answer: Tensor, masks: Tensor, **weights: float) -> dict[str, float]:
    found = PatchTask(PatchLossConfig(**weights)).losses(Fixed(answer), batch(masks))
    return {name: float(loss) for name, loss in found.items()}


def masks() -> Tensor:
    marked = torch.zeros(2, 10, 10, dtype=torch.bool)
    marked[0, :2, :5] = True
    return marked


def test_the_default_is_the_papers_sum_of_two_cross_entropies() -> None:
    found = parts(torch.zeros(2, 10, 10), masks())
    assert found == {"patch": pytest.approx(math.log(2)), "pixel": pytest.approx(math.log(2))}


def test_the_majority_answer_is_cheap_unless_classes_are_balanced() -> None:
    nothing = torch.full((2, 10, 10), -4.0)
    found = parts(nothing, masks(), pixel=1.0, balanced=1.0, dice=2.0)
    missed, right = math.log1p(math.exp(4)), math.log1p(math.exp(-4))
    assert found["pixel"] == pytest.approx(0.05 * missed + 0.95 * right, rel=1e-5)
    assert found["balanced"] == pytest.approx((missed + right) / 2, rel=1e-5)
    assert 2.0 * 0.8 / 2 < found["dice"] <= 1.0  # of two patches one is authentic


def test_weights_scale_their_parts() -> None:
    pixel = torch.randn(2, 10, 10)
    one = parts(pixel, masks(), balanced=1.0, dice=1.0)
    other = parts(pixel, masks(), patch=2.0, pixel=0.0, balanced=0.5, dice=3.0)
    assert other == {name: pytest.approx(one[name] * by) for name, by in zip(one, (2.0, 0.0, 0.5, 3.0), strict=True)}


@pytest.mark.parametrize("weights", [{"dice": -1.0}, {"pixel": float("nan")}])
def test_negative_weights_are_refused(weights: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="expected 0 or more"):
        PatchLossConfig(**weights)

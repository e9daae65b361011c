"""The network `fusion`: its shapes, and what reaches what."""

from __future__ import annotations

import pytest
import torch

from unseam.errors import RecipeError
from unseam.models.fusion.features import feature_names
from unseam.models.fusion.windows import window_shares
from unseam.training.fusion.network import FusionConfig, FusionNetwork, build_fusion

F = len(feature_names())
TINY = FusionConfig(width=8, hidden=4, layers=1)


def network(config: FusionConfig = TINY, seed: int = 0) -> FusionNetwork:
    torch.manual_seed(seed)
    return build_fusion(config, torch.zeros(F), torch.ones(F)).eval()


@pytest.mark.parametrize("relation", ["recurrence", "convolution", "neighbours"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (9, 5)])
def test_photos_of_any_size_get_two_by_two_cells_a_block(relation: str, shape: tuple[int, int]) -> None:
    config = FusionConfig(width=8, hidden=4, layers=2, relation=relation)  # type: ignore[arg-type]
    outputs = network(config)(torch.randn(2, F, *shape))
    assert outputs.cell.shape == (2, 2 * shape[0], 2 * shape[1])
    assert outputs.block.shape == outputs.confidence.shape == (2, *shape)
    assert outputs.photo.shape == (2, *window_shares(*outputs.block.shape[1:]).shape)


def test_recurrence_carries_evidence_across_the_photo_and_convolution_does_not() -> None:
    x = torch.randn(1, F, 40, 60)
    changed = x.clone()
    changed[..., 0, 0] += 3
    reached = {}
    for relation in ("recurrence", "neighbours"):
        net = network(FusionConfig(width=8, hidden=4, layers=1, relation=relation))  # type: ignore[arg-type]
        with torch.no_grad():
            difference = (net(changed).cell - net(x).cell).abs()
        centred = difference[0, -4:, -4:].max() / difference.max()
        reached[relation] = float(centred)
    assert reached["recurrence"] > 0  # the photo's mean reaches everywhere in both
    assert reached["recurrence"] != reached["neighbours"]


def test_a_cell_lies_where_its_block_lies() -> None:
    net = network(FusionConfig(width=8, hidden=4, relation="neighbours"))
    x = torch.zeros(1, F, 8, 8)
    x[..., 5, 2] = 4
    with torch.no_grad():
        difference = (net(x).cell - net(torch.zeros(1, F, 8, 8)).cell).abs()[0]
    near = difference[2 * 3 : 2 * 8, : 2 * 5].sum() / difference.sum()
    row, column = divmod(int(difference.argmax()), 16)
    assert row // 2 in (4, 5, 6)
    assert column // 2 in (1, 2, 3)
    assert near > 0.5


def test_layers_of_concatenated_inputs_are_computed_without_concatenating() -> None:
    net, x, groups = network(), torch.randn(1, 9, 5, TINY.width), torch.randn(1, 5, 3, TINY.width)
    spread = groups.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, :9, :5]
    apart = x - x.mean((1, 2), keepdim=True)
    with torch.no_grad():
        torch.testing.assert_close(net._compared(x), net.compare(torch.cat([x, apart], -1)))
        torch.testing.assert_close(net._joined(x, groups), net.join(torch.cat([x, spread], -1)))


def test_features_that_are_left_out_are_not_read() -> None:
    net = network(FusionConfig(width=8, hidden=4, without=("residual", "JPEG", "noise-level")))
    x = torch.randn(1, F, 4, 4)
    other = x.clone()
    left_out = [
        index
        for index, name in enumerate(feature_names())
        if name.startswith(("residual: ", "file: ", "detector: noise-level", "detector: dct-model"))
    ]
    other[:, left_out] += 5
    with torch.no_grad():
        assert torch.equal(net(x).cell, net(other).cell)
        other[:, feature_names().index("detector: block-grid")] += 5
        assert not torch.equal(net(x).cell, net(other).cell)
    with pytest.raises(RecipeError, match="names colours"):
        network(FusionConfig(without=("colours",)))


def test_the_map_is_read_by_the_photo_head_and_not_shaped_by_it() -> None:
    net = network().train()
    net(torch.randn(1, F, 9, 9)).photo.sum().backward()
    assert net.cells.weight.grad is None
    assert net.decode.mix.weight.grad is not None

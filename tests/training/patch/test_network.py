"""The paper's network: its sizes counted by hand, its blocks put back in place, its heads able to learn."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from unseam.errors import RecipeError
from unseam.training.patch.fused import conv_relu_pool
from unseam.training.patch.network import LocalizationNetwork, NetworkConfig, from_blocks, hilbert_order, to_blocks

SMALL = NetworkConfig(patch_side=32, front_maps=(4, 1), lstm_widths=(64, 256), head_maps=(4, 2))

VARIANTS = {
    "j-conv-lstm-conv": NetworkConfig(),
    "s-conv-lstm-conv": NetworkConfig(patch_head=None),
    "s-lstm-conv": NetworkConfig(front_maps=(), patch_head=None),
    "s-lstm-conv-3-4": NetworkConfig(front_maps=(), head_maps=(32, 2), patch_head=None),
    "p-lstm": NetworkConfig(front_maps=(), head_maps=()),
    "p-conv-lstm": NetworkConfig(head_maps=()),
    "conv1-8f": NetworkConfig(front_maps=(8, 1)),
    "conv1-32f": NetworkConfig(front_maps=(32, 1)),
    "lstm-64h": NetworkConfig(lstm_widths=(256, 256, 64)),
    "all-steps": NetworkConfig(patch_head="all"),
    "hilbert": NetworkConfig(block_order="hilbert"),
    "fcn": NetworkConfig(front_maps=(16, 16, 32), lstm_widths=(), head_maps=(32, 2), patch_head=None),
}
"""Every network that the paper measures, and the ablations that it leaves open."""


def convolution(inputs: int, outputs: int) -> int:
    return 25 * inputs * outputs + outputs


def lstm(inputs: int, width: int) -> int:
    return 4 * width * (inputs + width + 2)  # four gates, two biases in torch


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_paper_network_has_the_parameters_counted_by_hand() -> None:
    front = convolution(3, 16) + convolution(16, 1)
    recurrent = lstm(64, 256) + lstm(256, 256) + lstm(256, 256)
    head = convolution(1, 32) + convolution(32, 32) + convolution(32, 2)
    assert parameters(LocalizationNetwork(NetworkConfig())) == front + recurrent + head + 256 * 2 + 2


def test_raw_blocks_and_wide_patch_heads_have_the_parameters_counted_by_hand() -> None:
    raw = lstm(192, 256) + 2 * lstm(256, 256) + 256 * 2 + 2
    assert parameters(LocalizationNetwork(VARIANTS["p-lstm"])) == raw
    more = (64 * 256 - 256) * 2
    assert (
        parameters(LocalizationNetwork(VARIANTS["all-steps"]))
        == parameters(LocalizationNetwork(NetworkConfig())) + more
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_gives_the_heads_it_names(name: str) -> None:
    config = VARIANTS[name]
    outputs = LocalizationNetwork(config)(torch.rand(2, 3, 64, 64) - 0.5)
    assert (None if outputs.patch_logits is None else tuple(outputs.patch_logits.shape)) == (
        None if config.patch_head is None else (2, 2)
    )
    assert (None if outputs.pixel_logits is None else tuple(outputs.pixel_logits.shape)) == (
        (2, 2, 64, 64) if config.head_maps else None
    )


class Identity(nn.Module):
    """Stands in for the LSTM: each step's 8 x 8 block becomes the 16 x 16 block of the same pixels doubled."""

    def forward(self, steps: torch.Tensor) -> tuple[torch.Tensor, None]:
        blocks = steps.view(*steps.shape[:2], 8, 8)
        return blocks.repeat_interleave(2, 2).repeat_interleave(2, 3).flatten(2), None


def test_with_an_identity_for_the_lstm_every_block_comes_out_where_it_went_in() -> None:
    network = LocalizationNetwork(NetworkConfig())
    network.lstms = nn.ModuleList([Identity()])
    for row, column in itertools.product(range(8), repeat=2):
        maps = torch.zeros(1, 1, 64, 64)
        maps[0, 0, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = torch.arange(1.0, 65.0).view(8, 8)
        steps = to_blocks(maps, 8)
        assert steps[0].sum(1).nonzero().flatten().tolist() == [8 * row + column]  # row-major order
        back = from_blocks(network._recur(steps), 8)
        assert torch.equal(back, maps.repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize("grid", [1, 2, 4, 8, 16])
def test_hilberts_walk_visits_every_block_once_and_only_steps_to_neighbours(grid: int) -> None:
    walk = hilbert_order(grid)
    rows, columns = divmod(walk, grid)

    assert sorted(walk) == list(range(grid**2))
    assert (abs(np.diff(rows)) + abs(np.diff(columns)) == 1).all()
    assert (walk[0], walk[-1]) == (0, grid - 1)


def test_in_hilbert_order_every_block_comes_out_where_it_went_in() -> None:
    network = LocalizationNetwork(NetworkConfig(block_order="hilbert"))
    maps = torch.arange(64.0 * 64).view(1, 1, 64, 64)
    steps = network._in_order(to_blocks(maps, 8), "walk")
    assert torch.equal(steps[0, 1], to_blocks(maps, 8)[0, 8])  # the walk's second block is the one below the first
    assert torch.equal(from_blocks(network._in_order(steps, "back"), 8), maps)


def test_the_order_of_blocks_changes_what_the_network_says_and_no_weight() -> None:
    plain, walking = (LocalizationNetwork(NetworkConfig(block_order=order)) for order in ("row-major", "hilbert"))
    walking.load_state_dict(plain.state_dict())
    patches = torch.rand(2, 3, 64, 64) - 0.5
    for one, other in zip(plain(patches), walking(patches), strict=True):
        assert not torch.equal(one, other)


def test_raw_blocks_keep_the_colours_of_a_pixel_side_by_side() -> None:
    pixels = torch.arange(3 * 16 * 16.0).view(1, 3, 16, 16)
    blocks = to_blocks(pixels, 8)
    assert blocks.shape == (1, 4, 192)
    assert torch.equal(blocks[0, 1, :3], pixels[0, :, 0, 8])


@pytest.mark.parametrize("head", ["patch", "pixel"])
def test_each_head_learns_one_batch_by_heart(head: str) -> None:
    torch.manual_seed(1)
    network = LocalizationNetwork(SMALL)
    patches = torch.rand(4, 3, 32, 32) - 0.5
    labels = torch.tensor([0, 1, 0, 1])
    masks = torch.zeros(4, 32, 32, dtype=torch.long)
    masks[1, :16], masks[3, :, 8:] = 1, 1
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(150):
        outputs = network(patches)
        truth, logits = (labels, outputs.patch_logits) if head == "patch" else (masks, outputs.pixel_logits)
        loss = F.cross_entropy(logits, truth)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss < 0.1  # chance is 0.69


@pytest.mark.parametrize("name", [name for name, config in VARIANTS.items() if config.front_maps])
@pytest.mark.parametrize("initialisation", ["random", "high-pass"])
def test_gradients_reach_conv1(name: str, initialisation: str) -> None:
    config = NetworkConfig(
        **{field: getattr(VARIANTS[name], field) for field in ("front_maps", "lstm_widths", "head_maps", "patch_head")},
        initialisation=initialisation,  # type: ignore[arg-type]
    )
    torch.manual_seed(0)
    network = LocalizationNetwork(config)
    sum(output.sum() for output in network(torch.rand(2, 3, 64, 64) - 0.5) if output is not None).backward()
    gradient = network.front[0].weight.grad
    assert gradient is not None
    assert torch.all(gradient.abs().amax((1, 2, 3)) > 0), "a map of conv1 gets no gradient"


def test_high_pass_kernels_see_no_flat_area_and_no_slope() -> None:
    network = LocalizationNetwork(NetworkConfig(front_maps=(32, 1), initialisation="high-pass"))
    slope = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    flat = torch.full((1, 3, 64, 64), 0.3)
    for patch in (flat, slope, slope.transpose(2, 3)):
        residual = network.front[0](patch)[:, :, 2:-2, 2:-2]
        assert residual.abs().max() < 1e-5


def test_lstm_begins_with_orthogonal_recurrence_and_remembers() -> None:
    lstm_layer = LocalizationNetwork(NetworkConfig()).lstms[1]
    for gate in lstm_layer.weight_hh_l0.view(4, 256, 256):
        assert torch.allclose(gate @ gate.T, torch.eye(256), atol=1e-5)
    forget = (lstm_layer.bias_ih_l0 + lstm_layer.bias_hh_l0)[256:512]
    assert torch.equal(forget, torch.ones(256))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"patch_side": 60}, "multiple of block_side"),
        ({"head_maps": (), "patch_head": None}, "nothing to learn"),
        ({"head_maps": (32, 3)}, "end in 2"),
        ({"front_maps": (16, 2)}, "end in 1"),
        ({"lstm_widths": (256, 250)}, "square"),
        ({"lstm_widths": (256, 1024)}, "twice that wide"),
        ({"lstm_widths": ()}, "needs an LSTM"),
        ({"lstm_widths": (), "front_maps": (), "patch_head": None}, "neither"),
        ({"front_maps": (), "initialisation": "high-pass"}, "needs front_maps"),
        ({"front_maps": (0, 1)}, "at least 1"),
        ({"patch_head": "first"}, "unknown"),
        ({"initialisation": "zeros"}, "unknown"),
        ({"block_order": "spiral"}, "unknown"),
        ({"block_order": "hilbert", "patch_side": 48}, "hilbert needs 2, 4, 8"),
    ],
)
def test_contradictions_are_refused(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        NetworkConfig(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "height", "width"), [(1, 8, 8), (17, 16, 32), (3, 128, 128)])
def test_fused_pooling_equals_the_three_layers_one_by_one(count: int, height: int, width: int) -> None:
    torch.manual_seed(3)
    maps = torch.randn(count, 1, height, width, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 1, 5, 5, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(6, dtype=torch.float64, requires_grad=True)
    plain = F.max_pool2d(F.relu(F.conv2d(maps, weight, bias, padding=2)), 2)
    fused = conv_relu_pool(maps, weight, bias)
    assert torch.allclose(fused, plain, atol=1e-12)
    gradient = torch.randn_like(plain)
    expected = torch.autograd.grad(plain, (maps, weight, bias), gradient)
    found = torch.autograd.grad(fused, (maps, weight, bias), gradient)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)  # sums of the weights are kept in float32


def test_fused_pooling_works_in_bfloat16_under_autocast() -> None:
    torch.manual_seed(4)
    maps, weight, bias = torch.randn(2, 1, 16, 16), torch.randn(3, 1, 5, 5, requires_grad=True), torch.zeros(3)
    with torch.autocast("cpu", torch.bfloat16):
        fused = conv_relu_pool(maps, weight, bias)
    assert fused.dtype == torch.bfloat16
    with torch.no_grad():
        assert torch.allclose(fused.float(), conv_relu_pool(maps, weight, bias), atol=0.2, rtol=0.02)
    fused.sum().backward()
    assert weight.grad is not None
    assert weight.grad.dtype == torch.float32


def test_the_arithmetic_of_a_look_is_counted_as_torch_counts_it() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    for config in (
        NetworkConfig(lstm_widths=(), front_maps=(16, 16, 32), head_maps=(32, 2), patch_head=None),
        NetworkConfig(lstm_widths=(4, 256), patch_head="all"),
        NetworkConfig(lstm_widths=(9, 64), patch_head="last"),
        NetworkConfig(front_maps=(), lstm_widths=(256,), head_maps=(32, 2), patch_head=None),
    ):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            LocalizationNetwork(config)(torch.zeros(1, 3, 64, 64))
        widths = (config.step_features, *config.lstm_widths)
        steps = sum(config.steps * 4 * out * (into + out) for into, out in itertools.pairwise(widths))
        assert (
            counter.get_total_flops() + 2 * steps == 2 * config.multiply_adds
        )  # torch does not count what an LSTM does


def test_the_papers_network_takes_what_the_design_says() -> None:
    assert 2 * NetworkConfig().multiply_adds / 1e9 == pytest.approx(0.44, abs=0.01)

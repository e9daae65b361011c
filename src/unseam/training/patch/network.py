"""The paper's network and every variant of it, as one frozen configuration.

Bappy et al., "Exploiting Spatial Structure for Localizing Manipulated Image Regions", ICCV 2017, section 3,
DOI 10.1109/ICCV.2017.532. What the paper leaves open is decided here and said where it is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from numpy.typing import NDArray
from torch import Tensor, nn

from unseam.errors import RecipeError
from unseam.jpeg.colour import LUMA
from unseam.training.patch.fused import conv_relu_pool

INPUT_SCALE = 1 / 255
INPUT_OFFSET = -0.5
"""A patch is fed as ``pixels * INPUT_SCALE + INPUT_OFFSET``: [-0.5, 0.5]. The paper does not say."""

KERNEL = 5
"""Side of every convolution kernel in pixels (section 3.1.1)."""

LEAK = 0.01
"""Slope of conv2's leaky ReLU. With the paper's plain ReLU a single map can die, and the network with it."""

PatchHead = Literal["last", "all"]
Initialisation = Literal["random", "high-pass"]
BlockOrder = Literal["row-major", "hilbert"]


class Outputs(NamedTuple):
    """What the network returns for N patches; None where the configuration has no such head.

    ``patch_logits`` is (N, 2) and ``pixel_logits`` is (N, 2, S, S): class 0 authentic, class 1 manipulated.
    """

    patch_logits: Tensor | None
    pixel_logits: Tensor | None


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Every width and switch of the network; each variant of the paper is one value of this class.

    Attributes
    ----------
    patch_side : int
        S, in pixels.
    block_side : int
        Side of the blocks that conv2's map is cut into, in pixels (8 in the paper).
    front_maps : tuple of int
        Maps of the convolutions before the LSTM: (16, 1) in the paper, () for none; the last must be 1.
    lstm_widths : tuple of int
        Features of each stacked LSTM layer. A square: the last one becomes a block of its root's side. Empty: no LSTM,
        a fully convolutional network (FCN) of ``front_maps`` and ``head_maps``.
    head_maps : tuple of int
        Maps of the convolutions after the LSTM: (32, 32, 2) in the paper's network; the last must be 2. Empty: no
        pixel task.
    patch_head : "last", "all" or None
        What the patch label is read from: the last step's features, or all steps'. None: no patch task.
    initialisation : "random" or "high-pass"
        Initial weights of conv1 and conv2: He's random weights, or zero-sum kernels that show residuals.
    block_order : "row-major" or "hilbert"
        In which order the LSTM reads the blocks. The paper says no more than "the same order" back; its authors' later
        work walks along a Hilbert curve, which keeps neighbours together (Bappy et al. 2019, 10.1109/TIP.2019.2895466).
    """

    patch_side: int = 64
    block_side: int = 8
    front_maps: tuple[int, ...] = (16, 1)
    lstm_widths: tuple[int, ...] = (256, 256, 256)
    head_maps: tuple[int, ...] = (32, 32, 2)
    patch_head: PatchHead | None = "last"
    initialisation: Initialisation = "random"
    block_order: BlockOrder = "row-major"

    def __post_init__(self) -> None:
        """Refuse settings that contradict themselves."""
        problem = next((text for wrong, text in self._problems() if wrong), None)
        if problem:
            raise RecipeError(f"network: {problem}")

    def _problems(self) -> list[tuple[bool, str]]:
        widths = (*self.front_maps, *self.lstm_widths, *self.head_maps)
        side = int(self.lstm_widths[-1] ** 0.5) if self.lstm_widths else self.block_side
        return [
            (min(widths, default=1) < 1, "every width must be at least 1"),
            (self.block_side < 1, f"block_side {self.block_side} must be at least 1"),
            (self.patch_side % max(self.block_side, 1) != 0, "patch_side must be a multiple of block_side"),
            (not self.head_maps and self.patch_head is None, "neither head_maps nor patch_head: nothing to learn"),
            (bool(self.head_maps) and self.head_maps[-1] != 2, "head_maps must end in 2, the two classes"),
            (self.patch_head not in ("last", "all", None), f"patch_head {self.patch_head!r} is unknown"),
            (self.initialisation not in ("random", "high-pass"), f"initialisation {self.initialisation!r} is unknown"),
            (not self.lstm_widths and self.patch_head is not None, "a patch_head needs an LSTM"),
            (not self.lstm_widths and not self.front_maps, "neither front_maps nor lstm_widths"),
            (bool(self.lstm_widths and self.front_maps) and self.front_maps[-1] != 1, "front_maps must end in 1"),
            (bool(self.lstm_widths) and side**2 != self.lstm_widths[-1], "the last LSTM width must be a square"),
            (side not in (self.block_side, 2 * self.block_side), "LSTM blocks must be block_side or twice that wide"),
            (self.initialisation == "high-pass" and not self.front_maps, "high-pass needs front_maps"),
            (self.block_order not in ("row-major", "hilbert"), f"block_order {self.block_order!r} is unknown"),
            (self.block_order == "hilbert" and self._blocks_across.bit_count() != 1, "hilbert needs 2, 4, 8... blocks"),
        ]

    @property
    def _blocks_across(self) -> int:
        return self.patch_side // max(self.block_side, 1)

    @property
    def grid(self) -> int:
        """Blocks per row and per column of a patch."""
        return self.patch_side // self.block_side

    @property
    def steps(self) -> int:
        """T, steps of the LSTM."""
        return self.grid**2

    @property
    def step_features(self) -> int:
        """F, numbers that the LSTM reads per step: one map's block, or a raw RGB block."""
        return self.block_side**2 * (1 if self.front_maps else 3)

    @property
    def lstm_block_side(self) -> int:
        """Side of the block that a step's features become, in pixels of the map before conv3."""
        return int(self.lstm_widths[-1] ** 0.5)

    @property
    def pools(self) -> bool:
        """Whether conv3 pools 2 x 2: the map after the LSTM is twice the patch's side."""
        return self.lstm_block_side == 2 * self.block_side

    @property
    def multiply_adds(self) -> int:
        """Multiplications, each with its addition, of one look at one patch: its convolutions, LSTMs and patch head."""
        pixels, side, total, channels = self.patch_side**2, KERNEL**2, 0, 3
        for maps in self.front_maps:
            total += pixels * side * channels * maps
            channels = maps
        width = self.step_features
        for features in self.lstm_widths:
            total += self.steps * 4 * features * (width + features)
            width = features
        if self.patch_head is not None:
            total += 2 * width * (self.steps if self.patch_head == "all" else 1)
        channels = 1 if self.lstm_widths else channels
        for place, maps in enumerate(self.head_maps):
            before_pooling = 4 if place == 0 and self.lstm_widths and self.pools else 1
            total += before_pooling * pixels * side * channels * maps
            channels = maps
        return total


def to_blocks(maps: Tensor, side: int) -> Tensor:
    """Cut maps into square blocks, row-major: (N, C, H, W) -> (N, T, side * side * C)."""
    N, C, H, W = maps.shape
    blocks = maps.reshape(N, C, H // side, side, W // side, side)  # N, C, block row, y, block column, x
    return blocks.permute(0, 2, 4, 3, 5, 1).reshape(N, (H // side) * (W // side), side * side * C)


def from_blocks(steps: Tensor, grid: int) -> Tensor:
    """Put T = grid * grid square blocks back where they were: (N, T, F) -> (N, 1, grid * side, grid * side)."""
    N, _, F_ = steps.shape
    side = int(F_**0.5)
    blocks = steps.reshape(N, grid, grid, side, side)  # N, block row, block column, y, x
    return blocks.permute(0, 1, 3, 2, 4).reshape(N, 1, grid * side, grid * side)


def hilbert_order(grid: int) -> NDArray[np.intp]:
    """Walk a grid of blocks along Hilbert's curve, from its first block to the last of its first row.

    Parameters
    ----------
    grid : int
        Blocks per row and column; a power of two.

    Returns
    -------
    (grid * grid,) intp
        Row-major numbers of the blocks, in the order of the walk: each is next to the one before.

    Notes
    -----
    Hilbert 1891, DOI 10.1007/BF01199431: a curve of twice the side is four copies of the smaller one, the first turned
    about the diagonal, the last about the other diagonal.
    """
    walk = np.zeros((1, 2), np.intp)  # row, column
    side = 1
    while side < grid:
        first = walk[:, ::-1]
        last = side - 1 - first
        corners = ((first, (0, 0)), (walk, (side, 0)), (walk, (side, side)), (last, (0, side)))
        walk = np.concatenate([part + np.array(corner) for part, corner in corners])
        side *= 2
    return np.asarray(walk[:, 0] * grid + walk[:, 1])


class LocalizationNetwork(nn.Module):
    """J-Conv-LSTM-Conv with the default configuration; its variants with others.

    Shapes for the default: S = 64, T = 64 steps of F = 64, LSTM 3 x 256.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        walk = hilbert_order(config.grid) if config.block_order == "hilbert" else np.arange(config.steps)
        self.register_buffer("walk", torch.from_numpy(walk), persistent=False)
        self.register_buffer("back", torch.from_numpy(np.argsort(walk)), persistent=False)
        self.front = _convolutions(3, config.front_maps)
        self.lstms = nn.ModuleList()
        width = config.step_features
        for features in config.lstm_widths:
            self.lstms.append(nn.LSTM(width, features, batch_first=True))
            width = features
        self.head = _convolutions(1 if config.lstm_widths else config.front_maps[-1], config.head_maps)
        if config.patch_head is not None:
            read = width * (config.steps if config.patch_head == "all" else 1)
            self.patch = nn.Linear(read, 2)
        self._initialise()

    def forward(self, patches: Tensor) -> Outputs:
        """Judge patches.

        Parameters
        ----------
        patches : (N, 3, S, S) float32
            RGB, scaled by ``INPUT_SCALE`` and ``INPUT_OFFSET``.
        """
        patches = patches.contiguous(memory_format=torch.channels_last)
        maps = self._front(patches)  # (N, 1, 64, 64)
        if not self.lstms:
            return Outputs(None, self._head(maps))
        steps = self._in_order(to_blocks(maps, self.config.block_side), "walk")  # (N, 64, 64)
        steps = self._recur(steps)  # (N, 64, 256)
        return Outputs(self._patch(steps), self._pixels(self._in_order(steps, "back")))

    def _in_order(self, steps: Tensor, order: str) -> Tensor:
        if self.config.block_order == "row-major":  # as they are
            return steps
        return steps.index_select(1, self.get_buffer(order))

    def _front(self, patches: Tensor) -> Tensor:
        maps = patches
        for index, conv in enumerate(self.front):  # (N, 16, 64, 64), (N, 1, 64, 64)
            maps = conv(maps)
            last = index == len(self.front) - 1
            maps = F.leaky_relu(maps, LEAK) if last and self.lstms else F.relu(maps)
        return maps

    def _recur(self, steps: Tensor) -> Tensor:
        for lstm in self.lstms:
            steps, _ = lstm(steps)  # (N, 64, 256)
        return steps

    def _patch(self, steps: Tensor) -> Tensor | None:
        if self.config.patch_head is None:
            return None
        read = steps[:, -1] if self.config.patch_head == "last" else steps.flatten(1)
        logits: Tensor = self.patch(read)  # (N, 2)
        return logits

    def _pixels(self, steps: Tensor) -> Tensor | None:
        if not self.head:
            return None
        maps = from_blocks(steps, self.config.grid)  # (N, 1, 128, 128)
        return self._head(maps)

    def _head(self, maps: Tensor) -> Tensor:
        pool = bool(self.lstms) and self.config.pools
        for index, conv in enumerate(self.head):
            assert isinstance(conv, nn.Conv2d)
            assert conv.bias is not None
            last = index == len(self.head) - 1
            if pool and index == 0:  # conv3: (N, 32, 128, 128) pooled to (N, 32, 64, 64)
                maps = conv_relu_pool(maps, conv.weight, conv.bias)
            else:  # conv4: (N, 32, 64, 64); conv5: (N, 2, 64, 64)
                maps = conv(maps) if last else F.relu(conv(maps))
        return maps

    def _initialise(self) -> None:
        for conv in (*self.front, *self.head):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
        for lstm in self.lstms:
            assert isinstance(lstm, nn.LSTM)
            _initialise_lstm(lstm)
        if self.config.initialisation == "high-pass":
            _initialise_high_pass(self.front)


def _convolutions(channels: int, widths: tuple[int, ...]) -> nn.ModuleList:
    """Stack 5 x 5 convolutions of the same padding: an even stack of widths, no activations."""
    layers = nn.ModuleList()
    for width in widths:
        layers.append(nn.Conv2d(channels, width, KERNEL, padding=KERNEL // 2))
        channels = width
    return layers


def _initialise_lstm(lstm: nn.LSTM) -> None:
    """Orthogonal recurrent weights per gate, and a forget bias of 1 (Jozefowicz et al. 2015), so that steps last."""
    width = lstm.hidden_size
    for name, weight in lstm.named_parameters():
        if "bias" in name:
            nn.init.zeros_(weight)
        for gate in range(4):
            rows = weight[gate * width : (gate + 1) * width]
            if "weight_hh" in name:
                nn.init.orthogonal_(rows)
            elif "weight_ih" in name:
                nn.init.xavier_uniform_(rows)
    with torch.no_grad():
        lstm.get_parameter("bias_ih_l0")[width : 2 * width] = 1.0


HIGH_PASS = (
    ((0, 0, 0), (-1, 2, -1), (0, 0, 0)),
    ((0, -1, 0), (0, 2, 0), (0, -1, 0)),
    ((-1, 0, 0), (0, 2, 0), (0, 0, -1)),
    ((-1, 2, -1), (2, -4, 2), (-1, 2, -1)),
)
"""Zero-sum kernels of steganalysis: second differences along a row, a column, a diagonal, and both ways (Fridrich and
Kodovsky 2012, DOI 10.1109/TIFS.2012.2190402; the constrained first layer of Bayar and Stamm 2016, reference [9])."""


def _initialise_high_pass(front: nn.ModuleList) -> None:
    """Start conv1 with residual kernels and their negatives, and a layer of one map with their local mean.

    The ReLUs of a kernel and of its negative add up to the residual's magnitude: conv2 begins as a map of local noise.
    The later layers of an FCN, which have many maps, stay random.
    """
    first = front[0]
    assert isinstance(first, nn.Conv2d)
    kernels = np.zeros((first.out_channels, 3, KERNEL, KERNEL), np.float32)
    for index in range(first.out_channels):
        kernel = np.array(HIGH_PASS[index // 2 % len(HIGH_PASS)], np.float32)
        sign = 1 if index % 2 == 0 else -1
        spread = np.array(LUMA, np.float32) if index // 2 < len(HIGH_PASS) else _one_channel(index // 2)
        kernels[index, :, 1:4, 1:4] = sign * spread[:, None, None] * kernel / np.abs(kernel).sum() * RESIDUAL_GAIN
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(kernels))
        for conv in list(front)[1:]:
            assert isinstance(conv, nn.Conv2d)
            if conv.out_channels > 1:
                continue
            conv.weight.mul_(0.1).add_(1 / (conv.in_channels * KERNEL**2) * MEAN_GAIN)


RESIDUAL_GAIN = 8.0
MEAN_GAIN = 8.0
"""Bring residuals of a few grey levels out of 255 to the order of one, where the LSTM's gates are not flat."""


def _one_channel(index: int) -> NDArray[np.float32]:
    """Look at the colour channels one after the other."""
    return np.array([channel == index % 3 for channel in range(3)], np.float32)

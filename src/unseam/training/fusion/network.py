"""The network `fusion`: it relates the features of the blocks of a whole photo, by recurrence along rows and columns.

The idea is the paper's (Bappy et al. 2017, DOI 10.1109/ICCV.2017.532): cut features into 8 x 8 blocks, let a recurrent
network relate neighbours, decode the relation to a map. It is carried from a patch to the whole photo by recurrence in
four directions over the grid of blocks (Visin et al. 2016, ReSeg, DOI 10.1109/CVPRW.2016.60).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor, nn

from unseam.detectors.block_dct import SIDE
from unseam.errors import RecipeError
from unseam.models.fusion.features import GROUPS, detector_of, feature_names, group_of
from unseam.models.fusion.log_odds import CELL
from unseam.models.fusion.windows import STEP, WINDOW
from unseam.training.fusion.photo_statistics import COUNT as STATISTICS
from unseam.training.fusion.photo_statistics import photo_statistics

FEATURE_LIMIT = 6.0
"""Standardised features are limited to plus and minus this: one wild block must not drive the recurrence."""


CELLS_ACROSS = SIDE // CELL
"""Cells of the map along each side of a block."""


PHOTO_WIDTH = 64
"""Of the hidden layer of the photo head."""


POOLED = 2
"""Blocks along each side of the groups between which the recurrence goes: 16 x 16 pixels."""


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """Widths and parts of an `FusionNetwork`.

    Attributes
    ----------
    width : int
        Channels of a block's state.
    hidden : int
        Of the recurrence, in each direction.
    layers : int
        How often the state goes along rows and then along columns.
    relation : "recurrence", "convolution" or "neighbours"
        How blocks are related; the last two are ablations (only the nearest blocks and the mean of the photo).
    without : tuple of str
        Groups of features, or detectors, that are left out (`unseam.models.fusion.features.feature_names`): ablations.
    """

    width: int = 64
    hidden: int = 32
    layers: int = 2
    relation: Literal["recurrence", "convolution", "neighbours"] = "recurrence"
    without: tuple[str, ...] = ()


class FusionOutputs(NamedTuple):
    """Log odds.

    Attributes
    ----------
    cell : (N, 2 R, 2 C)
        That a quarter of a block is manipulated.
    block : (N, R, C)
        That a block is.
    confidence : (N, R, C)
        That the block's verdict is right.
    photo : (N, r, c)
        That anything is manipulated in each window of the photo (`unseam.models.fusion.windows`);
        in training, in the crop.
    """

    cell: Tensor
    block: Tensor
    confidence: Tensor
    photo: Tensor


class Recurrence(nn.Module):
    """Along rows, then along columns, both ways; what it finds is added to what came in."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.along_rows = nn.LSTM(width, hidden, bidirectional=True, batch_first=True)
        self.after_rows = nn.Linear(2 * hidden, width)
        self.along_columns = nn.LSTM(width, hidden, bidirectional=True, batch_first=True)
        self.after_columns = nn.Linear(2 * hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, R, C, W) -> (N, R, C, W)."""
        n, r, c, w = x.shape
        rows, _ = self.along_rows(x.reshape(n * r, c, w))
        x = x + self.after_rows(rows).view(n, r, c, w)
        columns, _ = self.along_columns(x.transpose(1, 2).reshape(n * c, r, w))
        found: Tensor = x + self.after_columns(columns).view(n, c, r, w).transpose(1, 2)
        return found


class Convolutions(nn.Module):
    """The ablation of `Recurrence`: dilated convolutions of about as many parameters."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width // 2, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(width // 2, width, 3, padding=2 * dilation, dilation=2 * dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(N, R, C, W) -> (N, R, C, W)."""
        planes = x.permute(0, 3, 1, 2)
        found: Tensor = planes + self.second(F.relu(self.first(planes)))
        return found.permute(0, 2, 3, 1)


class FusionNetwork(nn.Module):
    """(N, F, R, C) features of blocks -> `FusionOutputs`.

    Parameters
    ----------
    config : FusionConfig
    mean, deviation : (F,) float32
        Of each feature over training photos.
    kept : (F,) float32
        1 for features that are read, 0 for those that are left out.
    """

    def __init__(self, config: FusionConfig, mean: Tensor, deviation: Tensor, kept: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", mean.reshape(1, -1, 1, 1))
        self.register_buffer("scale", (kept / deviation).reshape(1, -1, 1, 1))
        w = config.width
        self.embed = nn.Linear(mean.numel(), w)
        self.compare = nn.Linear(2 * w, w)
        self.near = Around(w)
        relations = {"recurrence": config.layers, "convolution": config.layers, "neighbours": 0}[config.relation]
        self.relations = nn.ModuleList(
            Recurrence(w, config.hidden) if config.relation == "recurrence" else Convolutions(w, 2**layer)
            for layer in range(relations)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(w) for _ in range(relations))
        self.join = nn.Linear(2 * w, w)
        self.decode = Around(w)
        self.cells = nn.Linear(w, CELLS_ACROSS * CELLS_ACROSS)
        self.heads = nn.Linear(w, 2)
        self.photo = nn.Sequential(nn.Linear(2 * w + STATISTICS, PHOTO_WIDTH), nn.ReLU(), nn.Linear(PHOTO_WIDTH, 1))

    def forward(self, features: Tensor) -> FusionOutputs:
        """Judge whole photos of one size."""
        own = self.near(F.relu(self._compared(F.relu(self._embedded(features)))))
        x = _pooled(own)
        for relation, norm in zip(self.relations, self.norms, strict=True):
            x = norm(relation(x))
        state = self.decode(F.relu(self._joined(own, x)))
        heads = self.heads(state)
        block, confidence = heads[..., 0], heads[..., 1]
        cell = F.pixel_shuffle(self.cells(state).permute(0, 3, 1, 2), CELLS_ACROSS)[:, 0]
        return FusionOutputs(cell, block, confidence, self._photo(state, cell, confidence))

    # Below, what a layer of concatenated inputs gives is computed without concatenating them, and without moving all
    # features: at 50 megapixels each such copy would be 400 MB.

    def _embedded(self, features: Tensor) -> Tensor:
        """`embed` of the standardised features: (N, F, R, C) -> (N, R, C, W)."""
        limited = ((features - self.mean) * self.scale).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)
        return F.conv2d(limited, self.embed.weight[..., None, None], self.embed.bias).permute(0, 2, 3, 1)

    def _compared(self, x: Tensor) -> Tensor:
        """`compare` of each block's state and its difference from the photo's mean, one after the other."""
        own, apart = _halves(self.compare.weight)
        return F.linear(x, own + apart, self.compare.bias) - F.linear(x.mean((1, 2), keepdim=True), apart)

    def _joined(self, own: Tensor, groups: Tensor) -> Tensor:
        """`join` of each block's state and that of its group, one after the other."""
        block, group = _halves(self.join.weight)
        return F.linear(own, block, self.join.bias) + _spread(F.linear(groups, group), own)

    def _photo(self, state: Tensor, cell: Tensor, confidence: Tensor) -> Tensor:
        mean, largest = (_mean, _largest) if self.training else (_window_mean, _window_largest)
        planes = state.permute(0, 3, 1, 2)
        statistics = photo_statistics(cell.float(), confidence.float(), mean, largest)
        pooled = torch.cat([mean(planes), largest(planes), statistics], 1)
        odds: Tensor = self.photo(pooled.permute(0, 2, 3, 1))[..., 0]
        return odds


def _halves(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weights (W, 2 W) of the first and of the second of two concatenated inputs."""
    width = len(weight)
    return weight[:, :width], weight[:, width:]


def _mean(planes: Tensor) -> Tensor:
    """Mean of each plane, a crop being one window: (N, C, R, C) to (N, C, 1, 1)."""
    return planes.mean((2, 3), keepdim=True)


def _largest(planes: Tensor) -> Tensor:
    """Maximum of each plane, as `_mean`."""
    return planes.amax((2, 3), keepdim=True)


def _window_mean(planes: Tensor) -> Tensor:
    """Mean of each plane in each window: (N, C, R, C) to (N, C, r, c)."""
    return F.avg_pool2d(planes, WINDOW, STEP, padding=STEP, count_include_pad=False)


def _window_largest(planes: Tensor) -> Tensor:
    """Maximum of each plane in each window, as `_window_mean`."""
    return F.max_pool2d(planes, WINDOW, STEP, padding=STEP)


class Around(nn.Module):
    """3 x 3 blocks of each channel, then all channels of each block; added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.mix = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, R, C, W) -> (N, R, C, W)."""
        around = self.near(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        found: Tensor = x + F.relu(self.mix(F.relu(around)))
        return found


def _pooled(x: Tensor) -> Tensor:
    """Mean of 2 x 2 blocks: (N, R, C, W) to (N, ceil(R / 2), ceil(C / 2), W)."""
    planes = F.avg_pool2d(x.permute(0, 3, 1, 2), POOLED, ceil_mode=True, count_include_pad=False)
    return planes.permute(0, 2, 3, 1)


def _spread(x: Tensor, like: Tensor) -> Tensor:
    """Copy the state of each group of 2 x 2 to its blocks; the inverse of `_pooled` in shape."""
    x = x.repeat_interleave(POOLED, 1).repeat_interleave(POOLED, 2)
    return x[:, : like.shape[1], : like.shape[2]]


def build_fusion(config: FusionConfig, mean: Tensor, deviation: Tensor) -> FusionNetwork:
    """Make a network with random weights.

    Parameters
    ----------
    config : FusionConfig
    mean, deviation : (F,) float32
        Of the features of this version over training photos.

    Raises
    ------
    RecipeError
        When the configuration leaves out something that is not a feature.
    """
    names = feature_names()
    known = {group_of(name) for name in names} | {detector_of(name) for name in names} | set(GROUPS)
    unknown = sorted(set(config.without) - known)
    if unknown:
        raise RecipeError(f"fusion.without names {', '.join(unknown)}; known: {', '.join(sorted(known - {''}))}")
    left_out = {part for name in config.without for part in GROUPS.get(name, (name,))}
    kept = [group_of(name) not in left_out and detector_of(name) not in left_out for name in names]
    return FusionNetwork(config, mean, deviation, torch.tensor(kept, dtype=torch.float32))

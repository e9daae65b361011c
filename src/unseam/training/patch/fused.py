"""Convolution, ReLU and 2 x 2 max pooling in one pass over memory.

After the LSTM the map is 128 x 128 and conv3 makes 32 maps of it, of which the pooling keeps a quarter. Written layer
by layer, this step takes more time than all convolutions before it together: it moves memory, not numbers. Here each
of the four pixels of a pooling window is a separate matrix product over a few patches at a time, so that nothing
leaves the processor's cache; the backward pass computes the products again instead of keeping them.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = 2
"""Patches at a time: few enough for the products of one pooling window's pixel to stay in the core's own cache."""

KERNEL, POOL = 5, 2
WINDOW = KERNEL + POOL - 1
"""Pixels per side that a pooled pixel depends on."""


def conv_relu_pool(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve one map 5 x 5 (same padding), apply ReLU, pool 2 x 2.

    Parameters
    ----------
    maps : (N, 1, H, W)
        H and W even.
    weight : (C, 1, 5, 5)
    bias : (C,)

    Returns
    -------
    (N, C, H / 2, W / 2)
        In channels-last order. Only where a gradient is wanted on a CPU is anything special done; a GPU and a plain
        forward pass run the three layers as they are.
    """
    if not (maps.is_cpu and torch.is_grad_enabled()):
        return F.max_pool2d(F.relu(F.conv2d(maps, weight, bias, padding=KERNEL // 2)), POOL)
    kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else maps.dtype
    result: Tensor = _ConvReluPool.apply(maps, weight, bias, kind)  # type: ignore[no-untyped-call]
    return result


class _ConvReluPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, kind: torch.dtype) -> Tensor:  # noqa: ANN401
        kernels = _window_kernels(weight).to(kind)  # (4, C, 36)
        maps = maps.to(kind)
        N, _, H, W = maps.shape
        pooled = maps.new_empty((N, H // POOL, W // POOL, len(bias)))
        for start in range(0, N, CHUNK):
            windows = _windows(maps[start : start + CHUNK])  # (n * H/2 * W/2, 36)
            most = windows @ kernels[0].t()
            for kernel in kernels[1:]:
                torch.maximum(most, windows @ kernel.t(), out=most)
            torch.relu_(most.add_(bias.to(kind)))
            pooled[start : start + CHUNK] = most.view(-1, *pooled.shape[1:])
        ctx.save_for_backward(maps, weight, pooled)
        return pooled.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # noqa: ANN401
        maps, weight, pooled = ctx.saved_tensors
        kernels = _window_kernels(weight).to(maps.dtype)
        C = pooled.shape[-1]
        gradient = gradient.permute(0, 2, 3, 1).to(maps.dtype)
        to_kernels = weight.new_zeros(kernels.shape, dtype=torch.float32)
        to_bias = weight.new_zeros(C, dtype=torch.float32)
        to_maps = torch.empty_like(maps)
        for start in range(0, len(maps), CHUNK):
            part = slice(start, start + CHUNK)
            windows = _windows(maps[part])
            alive = _where_above(gradient[part].reshape(-1, C), pooled[part].reshape(-1, C), 0.0)
            to_bias += alive.float().sum(0)
            to_windows = _through_maximum(windows, kernels, alive, to_kernels)
            to_maps[part] = _fold(to_windows, maps[part])
        return to_maps.to(gradient.dtype), _weight_gradient(to_kernels, weight), to_bias.to(weight.dtype), None


def _through_maximum(windows: Tensor, kernels: Tensor, gradient: Tensor, to_kernels: Tensor) -> Tensor:
    """Send the gradient to the pixel of each pooling window that won; add up what the kernels get."""
    products = [windows @ kernel.t() for kernel in kernels]
    most = torch.maximum(torch.maximum(products[0], products[1]), torch.maximum(products[2], products[3]))
    to_windows = torch.zeros_like(windows)
    for index, product in enumerate(products):
        won = _where_above(gradient, product.sub_(most), -torch.finfo(product.dtype).tiny)
        to_kernels[index] += (won.t() @ windows).float()
        to_windows += won @ kernels[index]
    return to_windows


def _where_above(gradient: Tensor, values: Tensor, threshold: float) -> Tensor:
    """Keep the gradient where a value is above the threshold: ReLU's own backward kernel, the fastest there is."""
    kept: Tensor = torch.ops.aten.threshold_backward(gradient, values, threshold)
    return kept


def _window_kernels(weight: Tensor) -> Tensor:
    """(C, 1, 5, 5) -> (4, C, 36): the kernel at each of the four places of a pooling window, in a 6 x 6 window."""
    places = [F.pad(weight[:, 0], (x, 1 - x, y, 1 - y)) for y in range(POOL) for x in range(POOL)]
    return torch.stack(places).flatten(2)


def _weight_gradient(to_kernels: Tensor, weight: Tensor) -> Tensor:
    places = to_kernels.view(POOL, POOL, -1, WINDOW, WINDOW)
    total = sum(places[y, x, :, y : y + KERNEL, x : x + KERNEL] for y in range(POOL) for x in range(POOL))
    assert isinstance(total, Tensor)
    return total[:, None].to(weight.dtype)


def _windows(maps: Tensor) -> Tensor:
    """(n, 1, H, W) -> (n * H/2 * W/2, 36): the 6 x 6 pixels around each pooling window."""
    margin = KERNEL // 2
    padded = F.pad(maps[:, 0], (margin, margin, margin, margin))
    return padded.unfold(1, WINDOW, POOL).unfold(2, WINDOW, POOL).reshape(-1, WINDOW**2)


def _fold(to_windows: Tensor, maps: Tensor) -> Tensor:
    """Add up what the windows send back to each pixel: the transpose of `_windows`."""
    n, _, H, W = maps.shape
    columns = to_windows.view(n, -1, WINDOW**2).transpose(1, 2).float()
    size = (H + KERNEL - 1, W + KERNEL - 1)
    margin = KERNEL // 2
    folded = F.fold(columns, size, WINDOW, stride=POOL)[:, :, margin:-margin, margin:-margin]
    return folded.to(maps.dtype)

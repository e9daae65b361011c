"""What the photo head reads of a map."""

from __future__ import annotations

import torch

from unseam.training.fusion.network import _largest, _mean
from unseam.training.fusion.photo_statistics import COUNT, photo_statistics


def test_statistics_of_a_window_see_a_small_hot_place_in_a_cold_map() -> None:
    calm = torch.full((1, 96, 96), -4.0)
    hot = calm.clone()
    hot[:, 40:48, 40:48] = 5.0
    trust = torch.full((1, 48, 48), 2.0)
    read = [photo_statistics(cell, trust, _mean, _largest)[0, :, 0, 0] for cell in (calm, hot)]
    assert len(read[0]) == COUNT
    assert int(((read[1] - read[0]).abs() > 0.1).sum()) >= 8
    torch.testing.assert_close(photo_statistics(hot.flip(1), trust, _mean, _largest)[0, :, 0, 0], read[1])

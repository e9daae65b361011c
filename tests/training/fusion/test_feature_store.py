"""Features on disk: computed once, the truth exact."""

from __future__ import annotations

import numpy as np

from unseam.training.fusion.feature_store import cell_shares


def test_shares_of_cells_count_pixels() -> None:
    truth = np.zeros((12, 9), bool)
    truth[0:2, 0:4] = True  # half of the first cell
    truth[8:12, 8] = True  # a quarter of a cell that overhangs
    shares = cell_shares(truth, (2, 2))
    assert shares[0, 0] == 0.5
    assert shares[2, 2] == 0.25
    assert shares.sum() == 0.75

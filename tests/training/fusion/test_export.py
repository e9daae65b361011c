"""The graph of the network `fusion`."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from unseam.errors import ModelError
from unseam.models.fusion.features import feature_names
from unseam.training.fusion.export import check_fusion_parity, fusion_graph
from unseam.training.fusion.network import FusionConfig, FusionNetwork, build_fusion

F = len(feature_names())
TINY = FusionConfig(width=8, hidden=4, layers=1)


def network(config: FusionConfig = TINY, seed: int = 0) -> FusionNetwork:
    torch.manual_seed(seed)
    return build_fusion(config, torch.zeros(F), torch.ones(F)).eval()


def test_the_graph_agrees_with_torch_on_other_sizes_up_to_grids_ten_times_as_long_as_in_training() -> None:
    net = network()
    graph = fusion_graph(net)
    onnx.checker.check_model(graph)
    rng = np.random.default_rng(0)
    photos = [rng.normal(size=(F, rows, columns)).astype(np.float32) for rows, columns in ((1, 1), (30, 7), (5, 480))]
    assert check_fusion_parity(graph.SerializeToString(), net, photos) < 1e-5
    with pytest.raises(ModelError, match="differ"):
        check_fusion_parity(graph.SerializeToString(), network(seed=1), photos)

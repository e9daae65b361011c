from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import onnxruntime
import torch
from torch import nn

from unseam.errors import ModelError
from unseam.models.model_file import PATCH_OUTPUT, PIXEL_OUTPUT
from unseam.training.onnx_graph import PARITY
from unseam.training.patch.export import as_onnx, check_parity, random_patches
from unseam.training.patch.network import LocalizationNetwork, NetworkConfig

SMALL: dict[str, Any] = {"patch_side": 16, "front_maps": (4, 1), "lstm_widths": (64,), "head_maps": (4, 2)}


def network(**changes: Any) -> LocalizationNetwork:
    torch.manual_seed(0)
    return LocalizationNetwork(NetworkConfig(**SMALL | changes))


@pytest.fixture(scope="module")
def small() -> tuple[LocalizationNetwork, Any]:
    made = network()
    return made, as_onnx(made, 16)


def test_lstm_is_one_operator_and_narrow_convolutions_are_transposed(small: Any) -> None:
    operators = Counter(node.op_type for node in small[1].graph.node)
    assert operators["LSTM"] == 1
    assert operators["ConvTranspose"] == 2
    assert operators["Conv"] == 2


def test_graph_takes_any_number_of_patches(small: Any) -> None:
    session = onnxruntime.InferenceSession(small[1].SerializeToString())
    for count in (1, 2, 7):
        patch, pixel = session.run([PATCH_OUTPUT, PIXEL_OUTPUT], {"patches": np.zeros((count, 3, 16, 16), np.float32)})
        assert (patch.shape, pixel.shape) == ((count,), (count, 16, 16))


def test_graph_gives_the_probabilities_of_softmax(small: Any) -> None:
    patches = torch.rand(3, 3, 16, 16) - 0.5
    with torch.no_grad():
        outputs = small[0](patches)
    session = onnxruntime.InferenceSession(small[1].SerializeToString())
    patch, pixel = session.run([PATCH_OUTPUT, PIXEL_OUTPUT], {"patches": patches.numpy()})
    np.testing.assert_allclose(patch, outputs.patch_logits.softmax(1)[:, 1], atol=PARITY)
    np.testing.assert_allclose(pixel, outputs.pixel_logits.softmax(1)[:, 1], atol=PARITY)


def test_export_leaves_the_network_as_it_was(small: Any) -> None:
    fresh = network()
    before = {name: weight.clone() for name, weight in fresh.state_dict().items()}
    fresh.train()
    as_onnx(fresh, 16)
    assert fresh.training
    assert all(torch.equal(weight, before[name]) for name, weight in fresh.state_dict().items())
    assert type(fresh.head[-1]) is nn.Conv2d


def test_graph_holds_no_trace_of_the_file_system(small: Any) -> None:
    assert b".py" not in small[1].SerializeToString()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"patch_head": None}, [PIXEL_OUTPUT]),
        ({"head_maps": ()}, [PATCH_OUTPUT]),
        ({"patch_head": "all"}, [PATCH_OUTPUT, PIXEL_OUTPUT]),
        ({"front_maps": ()}, [PATCH_OUTPUT, PIXEL_OUTPUT]),
        ({"lstm_widths": (64, 256)}, [PATCH_OUTPUT, PIXEL_OUTPUT]),
        ({"lstm_widths": (), "front_maps": (4, 4), "patch_head": None}, [PIXEL_OUTPUT]),
    ],
    ids=["pixel-only", "patch-only", "all-steps", "raw-blocks", "pooled", "no-lstm"],
)
def test_every_kind_of_network_agrees_with_onnxruntime(changes: dict[str, Any], names: list[str]) -> None:
    made = network(**changes)
    graph = as_onnx(made, 16)
    assert [output.name for output in graph.graph.output] == names
    assert check_parity(graph.SerializeToString(), made, random_patches(16)) <= PARITY


def test_parity_check_refuses_other_weights(small: Any) -> None:
    other = network()
    with torch.no_grad():
        other.head[-1].bias += torch.tensor([0.0, 1e-3])
    with pytest.raises(ModelError, match="torch and onnxruntime differ"):
        check_parity(small[1].SerializeToString(), other, random_patches(16))


def test_parity_check_refuses_what_is_no_number(small: Any) -> None:
    broken = network()
    with torch.no_grad():
        broken.patch.bias += torch.nan
    with pytest.raises(ModelError, match="differ by nan"):
        check_parity(as_onnx(broken, 16).SerializeToString(), broken, random_patches(16))

"""Initial weights of the network `fusion`: another run's best, or those inside a model file.

The exporter folds transposed matrices and joint LSTM weights into constants without names. Their order in the graph is
that in which `unseam.training.fusion.network.FusionNetwork` uses them, and so they are found again. The network that
comes out is compared with the file before anything is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from unseam.detectors.statistic import logistic
from unseam.errors import ModelError
from unseam.models.fusion.method import FusionMethod
from unseam.models.load import load_model
from unseam.models.model_file import CELL_OUTPUT, FEATURES, model_bytes
from unseam.training.family import Facts
from unseam.training.fusion.network import FusionNetwork
from unseam.training.initial_weights import GATES_FROM_ONNX, PREFIX, InitialWeights, weights_of_run
from unseam.training.onnx_graph import largest_difference

PHOTO_HEAD = "photo."
"""Beginning of the names of the photo head's weights: it keeps its random ones where the file's has other inputs."""

PARITY_BLOCKS = (20, 30)
"""Rows and columns of the random features on which the network is compared with the file."""

Arrays = Mapping[str, NDArray[Any]]


def initialise_fusion_network(network: FusionNetwork, source: Path) -> Facts:
    """Fill a network with the weights of a run's folder, or of a model file (recognised by its suffix, ``.onnx``).

    Returns
    -------
    dict
        See `unseam.training.initial_weights.InitialWeights`.

    Raises
    ------
    RecipeError
        When the weights are of another network.
    RunError
        When the folder has no readable best checkpoint.
    ModelError
        When the model file cannot be used, or is not of a network that this version trains.
    """
    if source.suffix.lower() != ".onnx":
        return weights_of_run(source).fill(network)
    found = weights_of_model(source, len(network.relations))
    own = network.state_dict()
    kept = {
        name: own[name] if name.startswith(PHOTO_HEAD) and name in own and weight.shape != own[name].shape else weight
        for name, weight in found.weights.items()
    }
    facts = replace(found, weights=kept).fill(network)
    _check_cells(network, source)
    return facts


def weights_of_model(path: Path, layers: int) -> InitialWeights:
    """Read the weights of a model file with so many layers of recurrence; errors as `initialise_fusion_network`."""
    method = load_model(path)
    if not isinstance(method, FusionMethod):
        raise ModelError(f"{path}: a network that judges patches; expected one of the kind fusion")
    model = model_bytes(path)
    if sha256(model).hexdigest() != method.digest:
        raise ModelError(f"{path}: the file changed since it was loaded; load it again")
    graph = onnx.load_model_from_string(model).graph  # onnx.load would follow tensors into other files
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {name.removeprefix(PREFIX): array for name, array in stored.items() if name.startswith(PREFIX)}
    try:
        weights |= _embedding(graph, stored) | _matrices(graph, stored, layers) | dict(_recurrent(graph, stored))
    except (KeyError, StopIteration, ValueError) as error:
        raise ModelError(f"{path}: its graph is not that of the network fusion with {layers} layers") from error
    settings = method.settings
    earlier = {"model": method.digest, "recipe": dict(settings.recipe), "data_digest": settings.data_digest}
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    return InitialWeights(path, tensors, {"patches_before": settings.photos_seen, "begun_from": earlier})


def _embedding(graph: onnx.GraphProto, stored: Arrays) -> dict[str, NDArray[Any]]:
    """Return the weights of the first layer, where they were folded to those of a 1 x 1 convolution."""
    kernel = next(node.input[1] for node in graph.node if node.op_type == "Conv")
    return {"embed.weight": stored[kernel][..., 0, 0]} if kernel in stored else {}


def _matrices(graph: onnx.GraphProto, stored: Arrays, layers: int) -> dict[str, NDArray[Any]]:
    """Return the weights of the linear layers, whose matrices stand in the graph in the order of their use."""
    order = iter([stored[node.input[1]].T for node in graph.node if node.op_type == "MatMul"])
    together, apart = next(order), next(order)
    found = {"compare.weight": np.hstack([together - apart, apart]), "near.mix.weight": next(order)}
    for layer in range(layers):
        found |= {f"relations.{layer}.after_{axis}.weight": next(order) for axis in ("rows", "columns")}
    found["join.weight"] = np.hstack([next(order), next(order)])
    names = ("decode.mix", "heads", "cells", "photo.0", "photo.2")
    return found | {f"{name}.weight": next(order) for name in names}


def _recurrent(graph: onnx.GraphProto, stored: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the weights of the LSTM operators: along rows and along columns of each layer, both directions in one."""
    for number, node in enumerate(node for node in graph.node if node.op_type == "LSTM"):
        layer = f"relations.{number // 2}.along_{('rows', 'columns')[number % 2]}"
        inputs, states, biases = (stored[node.input[place]] for place in (1, 2, 3))
        for direction, ending in enumerate(("", "_reverse")):
            yield f"{layer}.weight_ih_l0{ending}", _gates(inputs[direction])
            yield f"{layer}.weight_hh_l0{ending}", _gates(states[direction])
            for name, bias in zip(("bias_ih", "bias_hh"), np.split(biases[direction], 2), strict=True):
                yield f"{layer}.{name}_l0{ending}", _gates(bias)


def _gates(stacked: NDArray[Any]) -> NDArray[Any]:
    return stacked.reshape(4, -1, *stacked.shape[1:])[list(GATES_FROM_ONNX)].reshape(stacked.shape)


def _check_cells(network: FusionNetwork, path: Path) -> None:
    """Compare the cells of network and file on random features; ModelError where they differ."""
    features = torch.randn(1, network.mean.numel(), *PARITY_BLOCKS, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(model_bytes(path), providers=["CPUExecutionProvider"])
    expected = session.run([CELL_OUTPUT], {FEATURES: features.numpy()})[0]
    with torch.no_grad():
        found: Tensor = network.eval()(features).cell
    network.train()
    try:
        largest_difference([torch.sigmoid(found).numpy()], [logistic(expected)])
    except ModelError as error:
        raise ModelError(f"{path}: its weights do not make the network of the recipe ({error})") from error

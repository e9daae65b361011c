"""Initial weights of a network that judges patches: another run's best, or those inside a model file.

A model file holds the weights under the network's own names, with two exceptions that `unseam.training.patch.export`
makes: a narrow convolution's kernel is mirrored, and an LSTM's biases are inputs of its operator, in ONNX's order of
gates. Both are undone here, and the network that comes out is compared with the file before anything is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from unseam.errors import ModelError
from unseam.models.load import load_patch_model
from unseam.models.model_file import model_bytes
from unseam.training.family import Facts
from unseam.training.initial_weights import GATES_FROM_ONNX, PREFIX, InitialWeights, weights_of_run
from unseam.training.patch.export import check_parity, random_patches
from unseam.training.patch.network import LocalizationNetwork
from unseam.training.recipe import patch_recipe_from

MIRRORED = ".mirrored"
"""Name of a kernel that was written for a transposed convolution, in place of ``.weight``."""

PATCH_HEAD = "patch.weight"
"""Name of the weights of the patch head, (2, F) or (2, T F)."""


def initialise_patch_network(network: LocalizationNetwork, source: Path) -> Facts:
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
    found = weights_of_model(source) if source.suffix.lower() == ".onnx" else weights_of_run(source)
    return replace(found, weights=_with_wide_head(found.weights, network)).fill(network)


def _with_wide_head(weights: dict[str, Tensor], network: LocalizationNetwork) -> dict[str, Tensor]:
    """Let a patch head over all steps start as one over the last step: zeros for all other steps."""
    head = weights.get(PATCH_HEAD)
    if head is None or network.config.patch_head != "all" or head.shape == network.patch.weight.shape:
        return weights
    if head.shape[1] * network.config.steps != network.patch.weight.shape[1]:
        return weights  # of other widths, too: filling the network says so
    wide = torch.zeros_like(network.patch.weight)
    wide[:, -head.shape[1] :] = head
    return weights | {PATCH_HEAD: wide}


def weights_of_model(path: Path) -> InitialWeights:
    """Read the weights of a model file and prove that they make its network; errors as `initialise_patch_network`."""
    method = load_patch_model(path)
    settings, digest = method.settings, method.digest
    recipe = patch_recipe_from(dict(settings.recipe))
    model = model_bytes(path)
    if sha256(model).hexdigest() != digest:
        raise ModelError(f"{path}: the file changed since it was loaded; load it again")
    weights = _weights(model)
    network = LocalizationNetwork(recipe.network)
    try:
        network.load_state_dict(weights)
        check_parity(model, network, random_patches(settings.patch_side))
    except (RuntimeError, ModelError) as error:
        raise ModelError(f"{path}: its weights do not make the network of its recipe ({error})") from error
    earlier = {"model": digest, "recipe": recipe.as_dict(), "data_digest": settings.data_digest}
    return InitialWeights(path, weights, {"patches_before": settings.patches_seen, "begun_from": earlier})


def _weights(model: bytes) -> dict[str, Tensor]:
    graph = onnx.load_model_from_string(model).graph  # onnx.load would follow tensors into other files
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name.removeprefix(PREFIX): array for name, array in stored.items() if name.startswith(PREFIX)}
    weights = dict(_plain(name, array) for name, array in found.items())
    weights.update(_lstm_biases(graph, stored))
    return weights


def _plain(name: str, array: np.ndarray[Any, np.dtype[Any]]) -> tuple[str, Tensor]:
    tensor = torch.from_numpy(array.copy())
    if name.endswith(MIRRORED):
        return name.removesuffix(MIRRORED) + ".weight", tensor.transpose(0, 1).flip(2, 3).contiguous()
    return name, tensor


def _lstm_biases(
    graph: onnx.GraphProto, stored: dict[str, np.ndarray[Any, np.dtype[Any]]]
) -> Iterator[tuple[str, Tensor]]:
    """Yield the biases of the LSTM operators, in the order of the layers (the exporter writes them in that order)."""
    for layer, node in enumerate(node for node in graph.node if node.op_type == "LSTM"):
        biases = stored.get(node.input[3])
        if biases is None:
            raise ModelError(f"the LSTM {node.name} has no stored biases; expected a file written by `unseam export`")
        input_and_recurrent = biases.reshape(2, 4, -1)[:, GATES_FROM_ONNX].reshape(2, -1)
        for name, bias in zip(("bias_ih_l0", "bias_hh_l0"), input_and_recurrent, strict=True):
            yield f"lstms.{layer}.{name}", torch.from_numpy(bias.copy())

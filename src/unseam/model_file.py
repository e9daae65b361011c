"""A model file: an ONNX graph of known contents, inputs and outputs, with its settings in its own metadata.

Whoever loads a model file comes through `open_session`: the size is looked at before the file is read, the contents
(`unseam.model_contents`) before onnxruntime sees them, and the digest each time the file is opened again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from unseam.errors import ModelError
from unseam.model_settings import METADATA_KEY, PATCHES, ModelSettings, demand, parse_document, parse_settings
from unseam.onnx_wire import cut_short

INPUT = "patches"
PATCH_OUTPUT = "patch_probability"
PIXEL_OUTPUT = "pixel_probability"
"""Input and outputs of networks that judge patches."""

FEATURES = "features"
CELL_OUTPUT = "cell_log_odds"
CONFIDENCE_OUTPUT = "confidence_log_odds"
PHOTO_OUTPUT = "photo_log_odds"
"""Input and outputs of networks that judge the features of all blocks of a photo."""

OPEN_SESSIONS = 4
"""Sessions kept open in one process; more models than that at a time are opened anew when they are used."""


class Node(Protocol):
    """An input or output of a graph; sizes left open are names or None."""

    name: str
    type: str
    shape: list[int | str | None]


class Session(Protocol):
    """The part of onnxruntime.InferenceSession that is used here; onnxruntime itself has no types."""

    def get_inputs(self) -> list[Node]: ...  # noqa: D102
    def get_outputs(self) -> list[Node]: ...  # noqa: D102
    def get_modelmeta(self) -> Any: ...  # noqa: ANN401, D102
    def run(self, outputs: list[str], feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]: ...  # noqa: D102


Settings = TypeVar("Settings")


def read_model(path: Path) -> tuple[ModelSettings, str]:
    """Check the file of a patch network and give its settings and the SHA-256 digest of its bytes (hex).

    Raises
    ------
    ModelError
        With what was found, what was expected and what to do.
    """
    return read_checked(path, parse_settings, lambda session, settings: _check_graph(session, settings.patch_side))


def read_checked(
    path: Path, parse: Callable[[str], Settings], check: Callable[[Session, Settings], None]
) -> tuple[Settings, str]:
    """Read a model file's settings and digest; errors of ``parse`` and ``check`` name the file.

    Parameters
    ----------
    path : Path
    parse : function
        Text of the metadata to settings.
    check : function
        Refuses a graph that does not fit the settings.

    Raises
    ------
    ModelError
        As `read_model`.
    """
    digest = sha256(_bytes(path)).hexdigest()
    session = open_session(path, digest)
    try:
        settings = parse(_metadata(session))
        check(session, settings)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return settings, digest


def kind_of(path: Path) -> str:
    """Say what kind of network a model file holds: what it is fed; ModelError as `read_model`."""
    kind, _ = read_checked(path, lambda text: str(parse_document(text).get("kind", PATCHES)), lambda *_: None)
    return kind


def _metadata(session: Session) -> str:
    metadata = session.get_modelmeta().custom_metadata_map
    demand(METADATA_KEY in metadata, f"no metadata {METADATA_KEY!r}", "a file written by `unseam export`")
    return str(metadata[METADATA_KEY])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(f"{path}: {reason}; expected an ONNX file written by `unseam export`") from error


def _check_graph(session: Session, side: int) -> None:
    inputs = {node.name: node for node in session.get_inputs()}
    demand(list(inputs) == [INPUT], f"inputs {list(inputs)}", f"one input {INPUT!r}")
    check_node(inputs[INPUT], (3, side, side))
    shapes = {PATCH_OUTPUT: (), PIXEL_OUTPUT: (side, side)}
    outputs = {node.name: node for node in session.get_outputs()}
    known = [name for name in outputs if name in shapes]
    demand(bool(known) and len(known) == len(outputs), f"outputs {list(outputs)}", f"one or both of {list(shapes)}")
    for name in known:
        check_node(outputs[name], shapes[name])


def check_node(node: Node, tail: tuple[int, ...]) -> None:
    """Demand float32 of any number of patches; sizes that the graph leaves open (names or None) are let through."""
    found = f"{node.name} of {node.type}, shape {node.shape}"
    free = len(node.shape) == 1 + len(tail) and not isinstance(node.shape[0], int)
    fits = free and all(
        size == wanted for size, wanted in zip(node.shape[1:], tail, strict=True) if isinstance(size, int)
    )
    demand(fits and node.type == "tensor(float)", found, f"float32 of shape {('N', *tail)}")


def open_session(path: Path, digest: str, output: str | None = None) -> Session:
    """Give this process's onnxruntime session for a model file; it is made once and may be used by many threads.

    With ``output``, of the part of the network that this output needs.
    """
    return _open_session(path, digest, output, os.getpid())


@lru_cache(maxsize=OPEN_SESSIONS)
def _open_session(path: Path, digest: str, output: str | None, process: int) -> Session:  # noqa: ARG001
    """Open a session; ``process`` is part of the key because a session must not be shared across a fork."""
    import onnxruntime  # here: a third of a second, which those who only ask for help should not wait
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    model = _bytes(path)
    if sha256(model).hexdigest() != digest:
        raise ModelError(f"{path}: the file changed since it was loaded; load it again")
    if output is not None:
        model = cut_short(model, output)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # of each call: the result must not depend on the number of threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what goes wrong is raised, and stderr is the user's
    broken = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NotImplemented)
    try:
        session: Session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (*broken, state.NoSuchFile, state.RuntimeException) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"{path}: not a usable ONNX file ({reason}); expected one written by `unseam export`"
        ) from error
    return session

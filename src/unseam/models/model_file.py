"""A model file: an ONNX graph of known contents, inputs and outputs, with its settings in its own metadata.

`open_session` checks the size before the file is read, the contents (`unseam.models.graph_check`) before onnxruntime
sees them, and the digest whenever the file is opened again.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unseam.errors import ModelError
from unseam.models.document import demand
from unseam.models.graph_check import LARGEST_BYTES, check_contents
from unseam.models.onnx_wire import cut_short
from unseam.system.text import printable

INPUT = "patches"
PATCH_OUTPUT = "patch_probability"
PIXEL_OUTPUT = "pixel_probability"
"""Input and outputs of networks that judge patches."""

FEATURES = "features"
CELL_OUTPUT = "cell_log_odds"
CONFIDENCE_OUTPUT = "confidence_log_odds"
PHOTO_OUTPUT = "photo_log_odds"
"""Input and outputs of `fusion`."""

OPEN_SESSIONS = 8
"""Maximum open sessions of one process. A model may need two: for a part of it, or one that frees its memory."""


LONGEST_REASON = 300
"""Maximum characters of a message of onnxruntime, which quotes names from the file."""

NO_MEMORY = ("Failed to allocate memory", "bad allocation", "bad_alloc")
"""Phrases of onnxruntime when memory runs out."""


class Node(Protocol):
    """An input or output of a graph; sizes left open are names or None."""

    name: str
    type: str
    shape: list[int | str | None]


@dataclass(frozen=True, slots=True)
class Session:
    """An open model file; may be used by many threads.

    Attributes
    ----------
    path : Path
        For messages.
    metadata : str
        The text of its settings.
    """

    path: Path
    metadata: str = field(repr=False)
    _runtime: Any = field(repr=False)  # onnxruntime.InferenceSession, which has no types

    def get_inputs(self) -> list[Node]:
        """Return the inputs."""
        return list(self._runtime.get_inputs())

    def get_outputs(self) -> list[Node]:
        """Return the outputs."""
        return list(self._runtime.get_outputs())

    def run(self, outputs: list[str], feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Run the network.

        Raises
        ------
        ModelError
            The graph contradicts itself.
        MemoryError
            It takes more memory than there is.
        """
        with _model_errors(self.path, "the network failed"):
            return list(self._runtime.run(outputs, feed))


def model_bytes(path: Path) -> bytes:
    """Read a model file; ModelError where it cannot be read, is not a file, or is too large for `unseam export`."""
    try:
        return _read(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(f"{path}: {reason}; expected an ONNX file written by `unseam export`") from error


def _read(path: Path) -> bytes:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not path.is_dir():  # a pipe would be waited for, a device has no end
        raise ModelError(f"{path}: not a file; expected an ONNX file written by `unseam export`")
    expected = (
        f"more than {LARGEST_BYTES / 2**20:.0f} MiB; expected an ONNX file written by `unseam export`, which is smaller"
    )
    if found.st_size > LARGEST_BYTES:
        raise ModelError(f"{path}: {expected}")
    with path.open("rb") as file:
        model = file.read(LARGEST_BYTES + 1)
    if len(model) > LARGEST_BYTES:  # it grew meanwhile
        raise ModelError(f"{path}: {expected}")
    return model


def check_node(node: Node, tail: tuple[int, ...]) -> None:
    """Demand float32 of any number of patches; sizes that the graph leaves open (names or None) are let through."""
    found = f"{node.name} of {node.type}, shape {node.shape}"
    free = len(node.shape) == 1 + len(tail) and not isinstance(node.shape[0], int)
    fits = free and all(
        size == wanted for size, wanted in zip(node.shape[1:], tail, strict=True) if isinstance(size, int)
    )
    demand(fits and node.type == "tensor(float)", found, f"float32 of shape {('N', *tail)}")


def open_session(
    path: Path, digest: str, output: str | None = None, *, keeps_memory: bool = True, model: bytes | None = None
) -> Session:
    """Return this process's session for a model file of this digest; it is checked and opened once.

    Parameters
    ----------
    path, digest : Path, str
        The file, and the SHA-256 of the bytes that were loaded, hex.
    output : str, optional
        For only the part of the network that this output needs.
    keeps_memory : bool
        Faster the next time; a session for one large photo should give its memory back.
    model : bytes, optional
        The content of the file, of this digest, where the caller has just read it.

    Raises
    ------
    ModelError
        The file cannot be used, or is not the one that was loaded.
    """
    key = (path, digest, output, keeps_memory, os.getpid())  # a session must not be shared across a fork
    with _LOCK:
        session = _SESSIONS.pop(key, None)
    if session is None:
        session = _opened(path, _unchanged(path, digest) if model is None else model, output, keeps_memory)
    with _LOCK:
        _SESSIONS[key] = session
        while len(_SESSIONS) > OPEN_SESSIONS:
            del _SESSIONS[next(iter(_SESSIONS))]
    return session


_SESSIONS: dict[tuple[Path, str, str | None, bool, int], Session] = {}
"""The open sessions of this process, the one last used at the end."""

_LOCK = threading.Lock()


def _unchanged(path: Path, digest: str) -> bytes:
    model = model_bytes(path)
    if sha256(model).hexdigest() != digest:
        raise ModelError(f"{path}: the file changed since it was loaded; load it again")
    return model


def _opened(path: Path, model: bytes, output: str | None, keeps_memory: bool) -> Session:
    try:
        metadata = check_contents(model)
        part = model if output is None else cut_short(model, output)
    except ModelError as error:
        raise ModelError(f"{path}: not a usable ONNX file ({error})") from error
    return Session(path, metadata, _start(path, part, keeps_memory))


def _start(path: Path, model: bytes, keeps_memory: bool) -> Any:  # noqa: ANN401 - see `Session`
    import onnxruntime  # here: a third of a second, too long for `unseam --help`

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # of each call: the result must not depend on the number of threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = keeps_memory
    options.log_severity_level = 4  # fatal only: what goes wrong is raised, and stderr is the user's
    with _model_errors(path, "not a usable ONNX file"):
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@contextmanager
def _model_errors(path: Path, what: str) -> Iterator[None]:
    """Turn the exceptions of onnxruntime, which have no common base, into ours; their text partly quotes the file."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    broken = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NotImplemented)
    try:
        yield
    except (*broken, state.NoSuchFile, state.RuntimeException, UnicodeDecodeError) as error:
        reason = printable(" ".join(str(error).split()))[:LONGEST_REASON]
        if any(phrase in reason for phrase in NO_MEMORY):
            raise MemoryError(f"{path}: {reason}") from error
        raise ModelError(f"{path}: {what} ({reason}); expected one written by `unseam export`") from error

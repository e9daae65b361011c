"""Checkpoints that survive a kill at any moment.

A checkpoint is written to a temporary file next to its final place, forced to the disk, and renamed over the old
one: whatever happens, the name holds either the whole old checkpoint or the whole new one. ``last.pt`` holds
everything that a resumed run needs, the best weights so far included, so that there is one truth; ``best.pt`` is
made from it for the export.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import nn

from unseam.errors import RecipeError, RunError

CHECKPOINT_FORMAT = 1
"""Version of the layout of ``last.pt`` and ``best.pt``; raised when an older reader would misread it."""

LAST = "last.pt"
BEST = "best.pt"
METRICS = "metrics.jsonl"

Checkpoint = dict[str, Any]
"""Tensors, numbers, strings and containers of these: what ``torch.load(weights_only=True)`` accepts."""

Write = Callable[[BinaryIO, memoryview], object]


@contextlib.contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn an operating system's refusal (disk full, no permission) into one clear error."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(f"{path}: cannot write ({reason}); the last complete checkpoint, if any, is intact") from error


def _write_at_once(file: BinaryIO, content: memoryview) -> None:
    file.write(content)


def save_checkpoint(checkpoint: Checkpoint, path: Path, *, write: Write = _write_at_once) -> None:
    """Write a checkpoint so that ``path`` never holds an incomplete one.

    Parameters
    ----------
    checkpoint : Checkpoint
        Tensors, numbers, strings and containers of these.
    path : Path
        Its final place; a ``.partial`` file next to it is overwritten on the way.
    write : callable
        Writes the content into the open temporary file.

    Raises
    ------
    RunError
        When the disk is full or the folder cannot be written; what ``path`` held before stays.
    """
    buffer = io.BytesIO()
    torch.save({"format": CHECKPOINT_FORMAT, **checkpoint}, buffer)
    replace_file(path, buffer.getbuffer(), write=write)


def replace_file(path: Path, content: memoryview, *, write: Write = _write_at_once) -> None:
    """Replace a file's content as a whole: temporary file, disk, rename, folder."""
    partial = path.with_name(path.name + ".partial")
    with writing_to(path):
        try:
            with partial.open("wb") as file:
                write(file, content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; its rename is journaled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint to the CPU, without running any code from it.

    Raises
    ------
    RunError
        When there is none, or it is damaged or of another format.
    """
    if not path.exists():
        raise RunError(f"{path}: no such checkpoint; train first, or name the run's folder")
    try:
        if not zipfile.is_zipfile(path):  # torch.save writes zip archives, whose end is missing when they were cut
            raise RunError(f"{path}: not a readable checkpoint (cut off, or no file of torch)")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns before it refuses what it does not trust
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunError(f"{path}: not a readable checkpoint ({reason})") from error
    if not isinstance(checkpoint, dict) or checkpoint.get("format") != CHECKPOINT_FORMAT:
        raise RunError(f"{path}: not a checkpoint of format {CHECKPOINT_FORMAT}; it is from another version of unseam")
    return checkpoint


def fill(
    network: nn.Module,
    weights: Mapping[str, Any],
    refusal: str = "the checkpoint is not of the network in its recipe",
) -> None:
    """Load weights into a network; RecipeError, which starts with ``refusal``, when they are of another network."""
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise RecipeError(f"{refusal} ({error})") from error

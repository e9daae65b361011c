"""Every method there is, by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from unseam.detectors import (
    aligned_jpeg,
    block_grid,
    copy_move,
    dct_histogram,
    dct_model,
    demosaicing,
    error_level,
    jpeg_error,
    jpeg_ghost,
    noise_level,
    nonaligned_jpeg,
)
from unseam.detectors.detector import Detector
from unseam.errors import ModelError, UnknownMethod
from unseam.method import Heatmap, Method, MethodInfo
from unseam.models.load import load_model
from unseam.models.network import NetworkMethod, NetworkOptions
from unseam.models.patch.method import PatchMethod

if TYPE_CHECKING:
    from unseam.models.fusion.method import FusionMethod
    from unseam.photo.photo import Photo

DIGESTS = "SHA256SUMS"
"""In the folder of the shipped models: one line for each, as sha256sum writes it."""


@dataclass(frozen=True)
class ShippedMethod:
    """A network that comes with the package; its file is read and checked when it is first needed.

    Attributes
    ----------
    asset : str
        File name in ``unseam/assets``.
    options : NetworkOptions
        How it is run.
    """

    asset: str
    options: NetworkOptions = field(default_factory=NetworkOptions)

    def load(self) -> PatchMethod | FusionMethod:
        """Return the network's method; ModelError when its file is missing or not the one shipped."""
        return replace(_shipped(self.asset), options=self.options)

    @property
    def info(self) -> MethodInfo:
        """What the file says about the network."""
        return self.load().info

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo."""
        return self.load()(photo)


@lru_cache
def _shipped(asset: str) -> PatchMethod | FusionMethod:
    folder = resources.files("unseam") / "assets"
    try:
        lines = (folder / DIGESTS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"unseam/assets/{DIGESTS} is missing; install unseam again") from error
    expected = {name.lstrip("*"): digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}
    method = load_model(Path(str(folder / asset)))
    wanted = expected.get(asset)
    if method.digest != wanted:
        found = f"unseam/assets/{asset} has SHA-256 {method.digest}"
        raise ModelError(f"{found}, expected {wanted}; install unseam again")
    return method


DETECTORS: Mapping[str, Detector[Any]] = MappingProxyType(
    {
        "dct-model": dct_model.METHOD,
        "dct-histogram": dct_histogram.METHOD,
        "aligned-jpeg": aligned_jpeg.METHOD,
        "nonaligned-jpeg": nonaligned_jpeg.METHOD,
        "copy-move": copy_move.METHOD,
        "error-level": error_level.METHOD,
        "jpeg-error": jpeg_error.METHOD,
        "block-grid": block_grid.METHOD,
        "noise-level": noise_level.METHOD,
        "jpeg-ghost": jpeg_ghost.METHOD,
        "demosaicing": demosaicing.METHOD,
    }
)
"""The classical detectors, by name."""

METHODS: Mapping[str, Method] = MappingProxyType(
    {"fusion": ShippedMethod("fusion.onnx"), "cnn-lstm": ShippedMethod("cnn-lstm.onnx"), **DETECTORS}
)
"""All methods, by name: the only list there is."""

DEFAULT_METHODS: tuple[str, ...] = ("fusion", "dct-model", "block-grid")
"""What is used when no method is named; the first that applies leads, the report shows the others alongside.

The network that weighs all traces leads; with it run one detector of JPEG histories on the photo's own grid and one of
grids that do not fit (in any format), whose maps a person can check against their one trace."""

ALL = "all"
"""Stands for every method of ``METHODS`` where several may be named."""


def expanded(names: Iterable[str], offered: Iterable[str] | None = None) -> list[str]:
    """Put the names of all methods offered (`METHODS`) in place of `ALL`; each name once, in the first place."""
    every = list(METHODS if offered is None else offered)
    return list(dict.fromkeys(found for name in names for found in (every if name == ALL else [name])))


def find_method(name: str | os.PathLike[str]) -> Method:
    """Return the method of this name, or the one in this ``.onnx`` file.

    Parameters
    ----------
    name : str or path
        A key of ``METHODS``, or the path of a model file (recognised by its suffix).

    Raises
    ------
    UnknownMethod
        No method has this name.
    ModelError
        The model file cannot be used.
    """
    if Path(name).suffix.lower() == ".onnx":
        return load_model(name)
    if name not in METHODS:
        raise UnknownMethod(f"no method {str(name)!r}; there are: {', '.join(METHODS)} (or the path of an .onnx file)")
    return METHODS[str(name)]


def find_methods(listed: Iterable[str | Method]) -> list[Method]:
    """Return the methods of a list of names, paths and methods, `ALL` expanded; errors as `find_method`."""
    found: list[Method] = []
    for item in listed:
        found += map(find_method, expanded([item])) if isinstance(item, str) else [item]
    return found


class OptionChanges(TypedDict, total=False):
    """What `with_options` can change: the attributes of `NetworkOptions`."""

    stride: int | None
    threads: int
    fast: bool


def with_options(method: Method, **changes: Unpack[OptionChanges]) -> Method:
    """Return a network run another way, see `NetworkOptions`; any other method unchanged.

    Raises
    ------
    UnfitOption
        The network does not take this option; ``method.info.options`` names those it takes.
    """
    if isinstance(method, NetworkMethod | ShippedMethod):
        return cast("Method", replace(method, options=replace(method.options, **changes)))
    return method

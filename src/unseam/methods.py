"""Every method there is, by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict, TypeGuard, Unpack

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
from unseam.errors import ModelError, UnfitOption, UnknownMethod
from unseam.method import FalseAlarms, Heatmap, Method, Need
from unseam.models.network import LocalizerOptions
from unseam.models.patch.method import Localizer, load_localizer

if TYPE_CHECKING:
    from unseam.models.fusion.method import FusionLocalizer
    from unseam.photo.photo import Photo

DIGESTS = "SHA256SUMS"
"""Beside the shipped models: one line for each, as sha256sum writes it."""


@dataclass(frozen=True)
class ShippedLocalizer:
    """A model that comes with the package; its file is read and checked when it is first asked for something.

    Attributes
    ----------
    name : str
        Key in ``METHODS``.
    asset : str
        File name in ``unseam/assets``.
    options : LocalizerOptions
        How it is run.
    """

    name: str
    asset: str
    options: LocalizerOptions = field(default_factory=LocalizerOptions)

    def load(self) -> Localizer | FusionLocalizer:
        """Give the localizer behind this entry; ModelError when its file is missing or not the one shipped."""
        return replace(_shipped(self.asset), options=self.options)

    @property
    def paper(self) -> str:
        """The source: authors, year, DOI."""
        return self.load().paper

    @property
    def sees(self) -> str:
        """Which trace the method looks for."""
        return self.load().sees

    @property
    def blind(self) -> str:
        """When it sees nothing."""
        return self.load().blind

    @property
    def needs(self) -> frozenset[Need]:
        """What the photo must have."""
        return self.load().needs

    @property
    def min_size(self) -> tuple[int, int]:
        """Least height and width in pixels."""
        return self.load().min_size

    @property
    def digest(self) -> str:
        """SHA-256 of the model file, hex."""
        return self.load().digest

    @property
    def false_alarms(self) -> FalseAlarms | None:
        """How often it is wrong about authentic photographs, where the file says so."""
        return self.load().false_alarms

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo; see `unseam.models.patch.method.Localizer`."""
        return self.load()(photo)


@lru_cache
def _shipped(asset: str) -> Localizer | FusionLocalizer:
    folder = resources.files("unseam") / "assets"
    try:
        lines = (folder / DIGESTS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"unseam/assets/{DIGESTS} is missing; install unseam again") from error
    expected = {name.lstrip("*"): digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}
    localizer = load_localizer(Path(str(folder / asset)))
    wanted = expected.get(asset)
    if localizer.digest != wanted:
        found = f"unseam/assets/{asset} has SHA-256 {localizer.digest}"
        raise ModelError(f"{found}, expected {wanted}; install unseam again")
    return localizer


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "fusion": ShippedLocalizer("fusion", "fusion.onnx"),
        "cnn-lstm": ShippedLocalizer("cnn-lstm", "cnn-lstm.onnx"),
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
"""All methods, by name: the only list there is."""

DEFAULT_METHODS: tuple[str, ...] = ("fusion", "dct-model", "block-grid")
"""What is used when no method is named; the first that applies leads, the others stand beside it in the report.

The network that weighs all evidence leads; beside it one detector of JPEG histories on the photo's own grid and one of
grids that do not fit (in any format), whose maps a person can check against their one trace."""

ALL = "all"
"""Stands for every method of ``METHODS`` where several may be named."""


def expanded(names: Iterable[str]) -> list[str]:
    """Put the names of all methods in place of `ALL`; each name once, the first place counts."""
    return list(dict.fromkeys(found for name in names for found in (METHODS if name == ALL else [name])))


def find_method(name: str | os.PathLike[str]) -> Method:
    """Give the method of this name, or the one in this ``.onnx`` file.

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
        return load_localizer(name)
    if name not in METHODS:
        raise UnknownMethod(f"no method {str(name)!r}; there are: {', '.join(METHODS)} (or the path of an .onnx file)")
    return METHODS[str(name)]


def takes_stride(method: Method) -> TypeGuard[Localizer | ShippedLocalizer]:
    """Whether a method is a network that judges patches, at a stride that can be chosen."""
    return isinstance(method.load() if isinstance(method, ShippedLocalizer) else method, Localizer)


class OptionChanges(TypedDict, total=False):
    """What `with_options` can change: the attributes of `LocalizerOptions`."""

    stride: int | None
    batch: int
    threads: int
    fast: bool
    strict: bool


def with_options(method: Method, **changes: Unpack[OptionChanges]) -> Method:
    """Give a network run another way, see `LocalizerOptions`; any other method as it is."""
    return replace(method, options=replace(method.options, **changes)) if is_learned(method) else method


def run_as(methods: Iterable[Method], *, fast: bool, strict: bool) -> list[Method]:
    """Have the networks among methods run so; see `LocalizerOptions`.

    Raises
    ------
    UnfitOption
        ``strict``, and no method has a second threshold.
    """
    found = [with_options(method, fast=fast) for method in methods]
    if strict and not any(map(can_be_strict, found)):
        raise UnfitOption("strict is for networks that read evidence, and none is among the methods named")
    return [with_options(method, strict=True) if strict and can_be_strict(method) else method for method in found]


def can_be_strict(method: Method) -> bool:
    """Whether a method has a second, stricter threshold: networks that read evidence."""
    return is_learned(method) and not takes_stride(method)


def is_learned(method: Method) -> TypeGuard[Localizer | FusionLocalizer | ShippedLocalizer]:
    """Whether a method is a network, and takes `LocalizerOptions` (by ``dataclasses.replace``)."""
    return isinstance(getattr(method, "options", None), LocalizerOptions)

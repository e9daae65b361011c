"""The whole flow: one photo, some methods, one report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from unseam.errors import NotApplicable
from unseam.method import Heatmap, Method

if TYPE_CHECKING:  # at run time these would make `import unseam` slow: they load OpenCV, Pillow, onnxruntime
    import numpy as np
    from numpy.typing import NDArray

    from unseam.method import Region
    from unseam.photo.photo import Photo


class Finding(StrEnum):
    """What a verdict can be."""

    MANIPULATED = "manipulated"
    NO_EVIDENCE = "no evidence"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and why, in plain words; ``str(verdict)`` is the finding."""

    finding: Finding
    reason: str

    def __str__(self) -> str:
        return str(self.finding)


@dataclass(frozen=True)
class Report:
    """Everything found about one photo.

    ``heat``, ``mask``, ``regions`` and ``score`` are those of the first listed method that applies; when none does
    they raise `NotApplicable`, and the verdict is "cannot tell".

    Attributes
    ----------
    photo : Photo
        What was judged.
    results : mapping
        Name of each method, in the order listed, to its Heatmap, or to the NotApplicable that it raised.
    seconds : mapping
        Name of each method to the wall-clock time that it took.
    methods : mapping
        Name of each method to the method.
    """

    photo: Photo
    results: Mapping[str, Heatmap | NotApplicable]
    seconds: Mapping[str, float]
    methods: Mapping[str, Method]

    @property
    def heatmaps(self) -> dict[str, Heatmap]:
        """The results of the methods that apply, in the order listed."""
        return {name: result for name, result in self.results.items() if isinstance(result, Heatmap)}

    @property
    def method(self) -> str:
        """Name of the first listed method that applies."""
        for name in self.heatmaps:
            return name
        raise NotApplicable(self._reasons())

    @property
    def heat(self) -> NDArray[np.float32]:
        """(H, W) float32 in [0, 1]: 1 = manipulated, 0.5 = no evidence, in stored pixels."""
        return self.heatmaps[self.method].heat

    @property
    def score(self) -> float:
        """How likely it is that the photo was manipulated at all, in [0, 1], at prior 0.5."""
        return self.heatmaps[self.method].score

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool: what the method calls manipulated, in stored pixels."""
        return self.mask_of(self.method)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The connected parts of the mask, the largest first."""
        return self.regions_of[self.method]

    def mask_of(self, name: str) -> NDArray[np.bool_]:
        """Give the mask of one method: its own, or where its heat reaches its threshold."""
        heatmap = self.heatmaps[name]
        return heatmap.heat >= heatmap.threshold if heatmap.mask is None else heatmap.mask

    @cached_property
    def regions_of(self) -> dict[str, tuple[Region, ...]]:
        """The regions of every method that applies."""
        from unseam.method import find_regions

        return {name: find_regions(self.mask_of(name), heatmap.heat) for name, heatmap in self.heatmaps.items()}

    @property
    def verdict(self) -> Verdict:
        """Manipulated, no evidence, or cannot tell, with the reason.

        A method's threshold is chosen so that it marks nothing on nearly all authentic photos; so a marked region
        decides. The score says how sure the method is of the whole photo, and is given beside the verdict.
        """
        if not self.heatmaps:
            return Verdict(Finding.CANNOT_TELL, self._reasons())
        doubt = self.heatmaps[self.method].doubt
        if doubt is not None:
            return Verdict(Finding.CANNOT_TELL, doubt)
        return Verdict(Finding.MANIPULATED if self.regions else Finding.NO_EVIDENCE, self._found())

    def _reasons(self) -> str:
        return "no method applies: " + "; ".join(f"{name}: {reason}" for name, reason in self.results.items())

    def _found(self) -> str:
        if not self.regions:
            return f"{self.method} marks no region; its score is {self.score:.2f}"
        share = 100 * float(self.mask.mean())
        found = f"{_counted(self.regions)}, {share:.1f} % of the photo"
        return f"{self.method} marks {found}; its score is {self.score:.2f}"


def _counted(regions: tuple[Region, ...]) -> str:
    return "1 region" if len(regions) == 1 else f"{len(regions)} regions"


def analyze(
    photo: Photo | str | os.PathLike[str] | bytes | NDArray[np.uint8],
    methods: Iterable[str | Method] | None = None,
    *,
    max_pixels: int | None = None,
) -> Report:
    """Judge one photo with one or more methods.

    Parameters
    ----------
    photo : path, bytes, (H, W, 3) uint8 RGB array, or Photo
        What to judge.
    methods : iterable of str or Method, optional
        Names in ``unseam.METHODS``, ``all`` for each of these, paths of ``.onnx`` files, or methods;
        ``unseam.DEFAULT_METHODS`` by default.
    max_pixels : int, optional
        Refuse larger photos before decoding; ``unseam.photo.photo.DEFAULT_MAX_PIXELS`` by default.

    Returns
    -------
    Report
        A method that cannot judge this photo is recorded with its reason.

    Raises
    ------
    PhotoError
        The input is no photo that can be judged; see `unseam.errors`.
    UnknownMethod, ModelError
        A method does not exist, or its file cannot be used.
    """
    from unseam.methods import ALL, DEFAULT_METHODS, METHODS, find_method
    from unseam.photo.photo import DEFAULT_MAX_PIXELS, Photo, load_photo

    listed = DEFAULT_METHODS if methods is None else [methods] if isinstance(methods, str) else methods
    every = (found for method in listed for found in (METHODS if method == ALL else [method]))
    chosen = key_methods(find_method(method) if isinstance(method, str) else method for method in every)
    if not isinstance(photo, Photo):
        photo = load_photo(photo, max_pixels=DEFAULT_MAX_PIXELS if max_pixels is None else max_pixels)
    results, seconds = {}, {}
    for name, method in chosen.items():
        started = time.perf_counter()
        results[name] = _judge(method, photo)
        seconds[name] = time.perf_counter() - started
    return Report(photo, results, seconds, chosen)


def key_methods(methods: Iterable[Method]) -> dict[str, Method]:
    """Key methods by name; a second model file of the same name is told apart by the start of its digest."""
    keyed: dict[str, Method] = {}
    for method in methods:
        taken = method.name in keyed and keyed[method.name] != method
        if taken and not digest_of(method):
            raise ValueError(f"two methods are named {method.name!r}; expected a name of its own for each")
        keyed[f"{method.name}@{digest_of(method)[:8]}" if taken else method.name] = method
    if not keyed:
        raise ValueError("found no method to judge with, expected at least one")
    return keyed


def digest_of(method: Method) -> str:
    """SHA-256 of a learned method's file, hex; empty for a method that has no file."""
    return str(getattr(method, "digest", ""))


def _judge(method: Method, photo: Photo) -> Heatmap | NotApplicable:
    try:
        return method(photo)
    except NotApplicable as reason:
        return reason

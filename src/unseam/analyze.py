"""The whole flow: one photo, some methods, one report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from unseam.errors import NotApplicable
from unseam.method import Heatmap, Method
from unseam.report.report import Report, Verdict

if TYPE_CHECKING:  # at run time these would make `import unseam` slow: they load numpy, OpenCV, Pillow
    import numpy as np
    from numpy.typing import NDArray

    from unseam.photo.photo import Photo

__all__ = ["Report", "Step", "Verdict", "analyze", "judge", "key_methods"]


class Step(NamedTuple):
    """One method is about to run.

    Attributes
    ----------
    method : str
        Its name in the report.
    number, of : int
        Its place among the methods, from 1, and how many there are.
    """

    method: str
    number: int
    of: int


def analyze(
    photo: Photo | str | os.PathLike[str] | bytes | NDArray[np.uint8],
    methods: Iterable[str | Method] | Mapping[str, Method] | None = None,
    *,
    max_pixels: int | None = None,
    progress: Callable[[Step], None] | None = None,
    failed: Callable[[str, Exception], None] | None = None,
    trust_anchors: str | None = None,
) -> Report:
    """Judge one photo with one or more methods.

    Parameters
    ----------
    photo : path, bytes, (H, W, 3) uint8 RGB array, or Photo
        What to judge.
    methods : iterable of str or Method, or mapping of str to Method, optional
        Names in ``unseam.METHODS``, ``all`` for each of these, paths of ``.onnx`` files, or methods;
        ``unseam.DEFAULT_METHODS`` by default. A mapping says under which names its methods are reported.
    max_pixels : int, optional
        Refuse larger photos before decoding; ``unseam.photo.photo.DEFAULT_MAX_PIXELS`` by default.
    progress : function, optional
        Called before each method runs.
    failed : function, optional
        Called with name and exception of a method that breaks on this photo; without it the exception is raised.
    trust_anchors : str, optional
        Certificates (PEM) whose Content Credentials are trusted, in place of the list that ships with the package.

    Returns
    -------
    Report
        A method that cannot judge this photo is recorded with its reason.

    Raises
    ------
    PhotoError
        The input cannot be judged; see `unseam.errors`.
    UnknownMethod, ModelError
        A method does not exist, or its file cannot be used.
    """
    from unseam.photo.photo import DEFAULT_MAX_PIXELS, Photo, load_photo

    chosen = _chosen(methods)
    if not isinstance(photo, Photo):
        photo = load_photo(photo, max_pixels=DEFAULT_MAX_PIXELS if max_pixels is None else max_pixels)
    steps = judge(photo, chosen, failed, trust_anchors)
    while True:
        try:
            step = next(steps)
        except StopIteration as finished:
            report: Report = finished.value
            return report
        if progress is not None:
            progress(step)


def judge(
    photo: Photo,
    methods: Mapping[str, Method],
    failed: Callable[[str, Exception], None] | None = None,
    trust_anchors: str | None = None,
) -> Generator[Step, None, Report]:
    """Judge a photo step by step, for callers that do something between methods; `analyze` is one of them.

    Parameters
    ----------
    photo : Photo
    methods : mapping of str to Method
        By their names in the report.
    failed : function, optional
    trust_anchors : str, optional
        As in `analyze`.

    Yields
    ------
    Step
        Before each method.

    Returns
    -------
    Report
    """
    results: dict[str, Heatmap | NotApplicable] = {}
    seconds = {}
    for number, (name, method) in enumerate(methods.items(), start=1):
        yield Step(name, number, len(methods))
        started = time.perf_counter()
        try:
            results[name] = method(photo)
        except NotApplicable as reason:
            results[name] = reason
        except Exception as error:
            if failed is None:
                raise
            failed(name, error)
        seconds[name] = time.perf_counter() - started
    return Report(photo, results, seconds, methods, trust_anchors)


def _chosen(methods: Iterable[str | Method] | Mapping[str, Method] | None) -> Mapping[str, Method]:
    from unseam.methods import DEFAULT_METHODS, find_methods

    if isinstance(methods, Mapping):
        return methods
    listed = DEFAULT_METHODS if methods is None else [methods] if isinstance(methods, str) else methods
    return key_methods(find_methods(listed))


def key_methods(methods: Iterable[Method]) -> dict[str, Method]:
    """Key methods by name; a second model file of one name gets the start of its digest added."""
    keyed: dict[str, Method] = {}
    for method in methods:
        name, digest = method.info.name, method.info.digest
        taken = name in keyed and keyed[name] != method
        if taken and not digest:
            raise ValueError(f"two methods are named {name!r}; expected a separate name for each")
        keyed[f"{name}@{digest[:8]}" if taken else name] = method
    if not keyed:
        raise ValueError("found no method to judge with, expected at least one")
    return keyed

"""A learned method: an ONNX file, fed patch by patch, read back as one heat map."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unseam.errors import ModelError
from unseam.learned import Learned
from unseam.method import Heatmap, PatchLabels
from unseam.model_file import INPUT, PATCH_OUTPUT, PIXEL_OUTPUT, Session, kind_of, open_session, read_model
from unseam.model_settings import PATCHES, ModelSettings, check_stride
from unseam.patches import Blend, PatchGrid, cut_batches
from unseam.postprocess import calibrate, network_mask, photo_score
from unseam.workers import cores

if TYPE_CHECKING:
    from unseam.evidence.localizer import EvidenceLocalizer
    from unseam.photo import Photo


Answer = dict[str, NDArray[np.float32]]
"""Outputs of the network for one batch, by name."""


@dataclass(frozen=True, slots=True)
class LocalizerOptions:
    """How a localizer is run.

    Attributes
    ----------
    stride : int, optional
        Distance between patches in pixels, a multiple of 8 up to the patch side; None for the model's own. A larger
        one is faster and coarser.
    batch : int
        Patches given to the network at a time; 16 to 32 is where the activations still fit a core's cache.
    threads : int
        Batches that are judged side by side; 0 for one a core. The heat does not depend on it, bit for bit.
    """

    stride: int | None = None
    batch: int = 32
    threads: int = 0

    def __post_init__(self) -> None:
        if self.batch < 1 or self.threads < 0:
            raise ValueError(f"expected a batch of at least 1 and no negative number of threads, found {self}")


@dataclass(frozen=True)
class Localizer(Learned[ModelSettings]):
    """A method that was learned; made by `load_localizer`. It can be pickled, and used by threads and processes.

    Attributes
    ----------
    path, digest, settings
        As in `unseam.learned.Learned`.
    options : LocalizerOptions
        How it is run.
    """

    options: LocalizerOptions = field(default_factory=LocalizerOptions)

    def __post_init__(self) -> None:
        check_stride(self.stride, self.settings.patch_side)

    @property
    def stride(self) -> int:
        """Distance between patches in pixels."""
        return self.settings.stride if self.options.stride is None else self.options.stride

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo.

        Returns
        -------
        Heatmap
            ``heat`` are the calibrated pixel probabilities, averaged over overlapping patches and not gated by the
            patch labels; ``mask`` follows the paper (see `unseam.postprocess.network_mask`). A network with only a
            patch head gives its calibrated patch probability to all pixels of the patch.

        Raises
        ------
        ModelError
            When the file changed or vanished, or when the network returns something else than probabilities.
        """
        grid = PatchGrid(photo.height, photo.width, self.settings.patch_side, self.stride)
        heat, labels, probability = self._judge(photo.pixels, grid)
        curve = self.settings.score_curve
        return Heatmap(
            heat=heat,
            score=photo_score(heat, curve.quantile, curve.slope, curve.intercept),
            threshold=self.settings.pixel_threshold,
            patches=self._patch_labels(grid, probability),
            mask=network_mask(heat, labels, self.settings.pixel_threshold, self.settings.smoothing_sigma),
            doubt=self._doubt(photo),
        )

    def judge(self, patches: NDArray[np.uint8]) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Judge patches one by one, without a photo around them, as the paper's tables do.

        Parameters
        ----------
        patches : (N, S, S, 3) uint8
            Cut at native resolution, side S of the model; at least one.

        Returns
        -------
        patch_probability : (N,) float32, or None without that head
            To be held against ``settings.patch_threshold``.
        pixel_probability : (N, S, S) float32, or None without that head
            Calibrated; to be held against ``settings.pixel_threshold``.
        """
        starts = range(0, len(patches), self.options.batch)
        batches = ((first, patches[first : first + self.options.batch]) for first in starts)
        answers = [answer for _, answer in self._answers(batches)]
        patch, pixel = (
            np.concatenate([answer[name] for answer in answers]) if all(name in answer for answer in answers) else None
            for name in (PATCH_OUTPUT, PIXEL_OUTPUT)
        )
        return patch, None if pixel is None else self._heat(pixel)

    def _judge(
        self, pixels: NDArray[np.uint8], grid: PatchGrid
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Give heat (H, W), averaged hard patch labels (H, W) and patch probabilities (N,); None without that head."""
        heat, labels, probabilities = Blend(grid), Blend(grid), []
        for first, answer in self._answers(cut_batches(pixels, grid, self.options.batch)):
            probability = answer.get(PATCH_OUTPUT)
            heat.add(first, self._heat(answer.get(PIXEL_OUTPUT, probability)))
            if probability is not None:
                labels.add(first, (probability >= self.settings.patch_threshold).astype(np.float32))
                probabilities.append(probability)
        if not probabilities:
            return heat.finish(), None, None
        return heat.finish(), labels.finish(), np.concatenate(probabilities)

    def _answers(self, batches: Iterable[tuple[int, NDArray[np.uint8]]]) -> Iterator[tuple[int, Answer]]:
        """Ask about batches side by side and give the answers in their order; few are held at a time.

        Each batch is judged on one thread: that scales better than threads inside the network, whose LSTM goes step
        by step, and makes the result the same for any number of threads.
        """
        session = open_session(self.path, self.digest)
        threads = self.options.threads or cores()
        waiting: deque[tuple[int, Future[Answer]]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for first, patches in batches:
                waiting.append((first, pool.submit(self._ask, session, patches)))
                if len(waiting) > 2 * threads:
                    number, answer = waiting.popleft()
                    yield number, answer.result()
            for number, answer in waiting:
                yield number, answer.result()

    def _ask(self, session: Session, patches: NDArray[np.uint8]) -> Answer:
        """Feed (N, S, S, 3) uint8, get (N,) patch and (N, S, S) pixel probabilities, as the network has the heads."""
        scaled = patches.astype(np.float32) * np.float32(self.settings.input_scale)
        scaled += np.float32(self.settings.input_offset)
        planes = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))  # (N, 3, S, S)
        names = [node.name for node in session.get_outputs()]
        answer = dict(zip(names, session.run(names, {INPUT: planes}), strict=True))
        for name, values in answer.items():
            expected = patches.shape[: 1 if name == PATCH_OUTPUT else 3]
            if values.shape != expected or not (values.min() >= 0 and values.max() <= 1):
                raise ModelError(f"{self.path}: {name} are no probabilities of shape {expected}; export the model anew")
        return answer

    def _heat(self, probability: NDArray[np.float32] | None) -> NDArray[np.float32]:
        if probability is None:  # read_model refuses a file without outputs
            raise ModelError(f"{self.path}: the network has no output; export the model anew")
        return calibrate(probability, self.settings.heat_calibration.slope, self.settings.heat_calibration.intercept)

    def _patch_labels(self, grid: PatchGrid, probability: NDArray[np.float32] | None) -> PatchLabels | None:
        if probability is None:
            return None
        return PatchLabels(grid.boxes(), probability, self.settings.patch_threshold)

    def _doubt(self, photo: Photo) -> str | None:
        side = self.settings.patch_side
        if min(photo.height, photo.width) >= side:
            return None
        return f"the photo is {photo.width} x {photo.height} pixels, and {self.name} judges patches of {side} x {side}"


def load_localizer(
    path: str | os.PathLike[str], options: LocalizerOptions | None = None
) -> Localizer | EvidenceLocalizer:
    """Load a model file written by ``unseam export``.

    Parameters
    ----------
    path : path
        The ONNX file, of either kind: a network that judges patches, or one that reads the evidence of all blocks.
    options : LocalizerOptions, optional
        How to run it.

    Returns
    -------
    Localizer or EvidenceLocalizer
        A method like all others: call it with a photo.

    Raises
    ------
    ModelError
        The file is missing, not ONNX, without our metadata, of another format, or has other inputs or outputs; or the
        stride does not fit.
    """
    path = Path(path).absolute()
    if kind_of(path) == PATCHES:
        return load_patch_localizer(path, options)
    from unseam.evidence.localizer import load_evidence  # it needs all detectors, which the others should not wait for

    return load_evidence(path, options)


def load_patch_localizer(path: str | os.PathLike[str], options: LocalizerOptions | None = None) -> Localizer:
    """Load a network that judges patches; as `load_localizer`, and ModelError for another kind."""
    path = Path(path).absolute()
    settings, digest = read_model(path)
    return Localizer(path, digest, settings, options or LocalizerOptions())

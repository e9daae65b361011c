"""A network that judges patches, as a method: an ONNX file run patch by patch, its outputs blended into one map."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseam.errors import ModelError
from unseam.method import Heatmap, PatchLabels, final_mask, finding_of
from unseam.models.document import demand
from unseam.models.metadata import PatchNetworkSettings, check_stride, parse_settings
from unseam.models.model_file import INPUT, PATCH_OUTPUT, PIXEL_OUTPUT, Session, check_node, open_session
from unseam.models.network import NetworkMethod
from unseam.models.patch.patches import Blend, PatchGrid, cut_batches, touched
from unseam.models.patch.postprocess import (
    MAJORITY,
    calibrate,
    network_mask,
    photo_score,
    smoothing_reach,
    within_reach,
)
from unseam.system.cores import cores

if TYPE_CHECKING:
    from unseam.photo.photo import Photo


Answer = dict[str, NDArray[np.float32]]
"""Outputs of the network for one batch, by name."""


BATCH = 32
"""Patches that the network computes at a time: with 16 to 32 the activations still fit a core's cache."""

SAMPLED = 16
"""With ``fast``, the network computes the pixels of one in so many patches outside the mask, for the score."""

MAX_LABELLED = 0.15
"""Share of patches labelled manipulated up to which ``fast`` computes all labels first: they cost 0.45 of the network,
and pixels are then needed around these patches, too. At 0.15, that is about half of all patches."""


class _Found(NamedTuple):
    """The outputs of a network for a photo: heat and averaged hard labels (H, W), a probability per patch (N,).

    ``labels`` and ``probability`` are None without a patch head.
    """

    heat: NDArray[np.float32]
    labels: NDArray[np.float32] | None
    probability: NDArray[np.float32] | None
    score: float


@dataclass(frozen=True)
class PatchMethod(NetworkMethod[PatchNetworkSettings]):
    """A network that judges patches; made by `load_model`. It can be pickled, and used by threads and processes.

    Attributes
    ----------
    path, digest, settings, options
        As in `unseam.models.network.NetworkMethod`.
    """

    OPTIONS = frozenset({"stride", "threads", "fast"})

    def __post_init__(self) -> None:
        check_stride(self.stride, self.settings.patch_side)

    @property
    def stride(self) -> int:
        """Distance between patches in pixels."""
        if self.options.stride is not None:
            return self.options.stride
        return self.settings.patch_side if self.options.fast else self.settings.stride

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo.

        Returns
        -------
        Heatmap
            ``heat`` are the calibrated pixel probabilities, averaged over overlapping patches and not gated by the
            patch labels; ``mask`` follows the paper (see `unseam.models.patch.postprocess.network_mask`), and is
            empty where the score is below ``settings.marked_score``. A network with only a patch head gives its
            calibrated patch probability to all pixels of the patch. With ``fast``, patches that can hold no part of
            the mask count as 0, as in the paper's product of mask and label, and the score is estimated from a
            sample of them.

        Raises
        ------
        ModelError
            When the file changed or vanished, or when the network returns something else than probabilities.
        """
        grid = PatchGrid(photo.height, photo.width, self.settings.patch_side, self.stride)
        gated = self.options.fast and self._gates(photo.pixels, grid)
        found = self._judge_gated(photo.pixels, grid) if gated else self._judge(photo.pixels, grid)
        doubt, mask = self._doubt(photo), self._mask(found)
        return Heatmap.of(
            found.heat,
            mask,
            score=found.score,
            finding=finding_of(mask, doubt),
            patches=self._patch_labels(grid, found.probability),
            doubt=doubt,
        )

    def judge(self, patches: NDArray[np.uint8]) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Judge single patches, without a photo around them, as for the paper's tables.

        Parameters
        ----------
        patches : (N, S, S, 3) uint8
            Cut at native resolution, side S of the model; at least one.

        Returns
        -------
        patch_probability : (N,) float32, or None without that head
            To be compared with ``settings.patch_threshold``.
        pixel_probability : (N, S, S) float32, or None without that head
            Calibrated; to be compared with ``settings.pixel_threshold``.
        """
        session = open_session(self.path, self.digest)
        starts = range(0, len(patches), BATCH)
        batches = ((np.arange(first, len(patches)), patches[first : first + BATCH]) for first in starts)
        answers = [answer for _, answer in self._answers(session, batches)]
        patch, pixel = (
            np.concatenate([answer[name] for answer in answers]) if all(name in answer for answer in answers) else None
            for name in (PATCH_OUTPUT, PIXEL_OUTPUT)
        )
        return patch, None if pixel is None else self._heat(pixel)

    def _judge(self, pixels: NDArray[np.uint8], grid: PatchGrid) -> _Found:
        """Run both heads on every patch."""
        heat, labels, probabilities = Blend(grid), Blend(grid), []
        session = open_session(self.path, self.digest)
        for numbers, answer in self._answers(session, cut_batches(pixels, grid, BATCH)):
            probability = answer.get(PATCH_OUTPUT)
            heat.add(numbers, self._heat(answer.get(PIXEL_OUTPUT, probability)))
            if probability is not None:
                labels.add(numbers, self._labels(probability))
                probabilities.append(probability)
        whole = heat.finish()
        if not probabilities:
            return _Found(whole, None, None, self._score(whole))
        return _Found(whole, labels.finish(), np.concatenate(probabilities), self._score(whole))

    def _mask(self, found: _Found) -> NDArray[np.bool_]:
        """Decide by the score whether anything is marked, then by the heat what is."""
        settings = self.settings
        if found.score < settings.marked_score:
            return np.zeros(found.heat.shape, np.bool_)
        return final_mask(network_mask(found.heat, found.labels, settings.pixel_threshold, settings.smoothing_sigma))

    def _score(self, heat: NDArray[np.float32], weights: NDArray[np.float64] | None = None) -> float:
        curve = self.settings.score_curve
        return photo_score(heat, curve.quantile, curve.slope, curve.intercept, weights)

    def _gates(self, pixels: NDArray[np.uint8], grid: PatchGrid) -> bool:
        """Whether computing labels first saves work: it needs both heads, and few manipulated patches in a sample."""
        outputs = {node.name for node in open_session(self.path, self.digest).get_outputs()}
        if outputs != {PATCH_OUTPUT, PIXEL_OUTPUT}:
            return False
        sample = self._patch_probability(pixels, grid, np.arange(0, len(grid), SAMPLED))
        return float(self._labels(sample).mean()) <= MAX_LABELLED

    def _judge_gated(self, pixels: NDArray[np.uint8], grid: PatchGrid) -> _Found:
        """Run the patch head on every patch, and the pixel head where a mask can be, and on a sample elsewhere."""
        everywhere = np.arange(len(grid))
        probability, labels = self._patch_probability(pixels, grid, everywhere), Blend(grid)
        labels.add(everywhere, self._labels(probability))
        averaged = labels.finish()
        near = within_reach(averaged >= MAJORITY, smoothing_reach(self.settings.smoothing_sigma))
        whole, sampled = self._pixels_near(pixels, grid, touched(near, grid))
        each = np.count_nonzero(~near) / max(len(sampled), 1)  # pixels that one of the sample stands for
        weights = np.concatenate([np.ones(np.count_nonzero(near)), np.full(len(sampled), each)])
        return _Found(whole, averaged, probability, self._score(np.concatenate([whole[near], sampled]), weights))

    def _pixels_near(
        self, pixels: NDArray[np.uint8], grid: PatchGrid, inside: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the heat (H, W) of the patches where ``inside`` is true, and the pixels of a sample of the others."""
        chosen = inside.copy()
        chosen[np.flatnonzero(~inside)[::SAMPLED]] = True
        heat, sample = Blend(grid), [np.zeros(0, np.float32)]
        session = open_session(self.path, self.digest)
        batches = cut_batches(pixels, grid, BATCH, np.flatnonzero(chosen))
        for numbers, answer in self._answers(session, batches):
            found, kept = self._heat(answer[PIXEL_OUTPUT]), inside[numbers]
            heat.add(numbers[kept], found[kept])
            sample.append(found[~kept].ravel())
        return heat.finish(), np.concatenate(sample)

    def _patch_probability(
        self, pixels: NDArray[np.uint8], grid: PatchGrid, numbers: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Run the part of the network that the patch head needs, for the patches of these numbers: (N,)."""
        session = open_session(self.path, self.digest, PATCH_OUTPUT)
        answers = self._answers(session, cut_batches(pixels, grid, BATCH, numbers))
        return np.concatenate([answer[PATCH_OUTPUT] for _, answer in answers])

    def _labels(self, probability: NDArray[np.float32]) -> NDArray[np.float32]:
        return (probability >= self.settings.patch_threshold).astype(np.float32)

    def _answers(
        self, session: Session, batches: Iterable[tuple[NDArray[np.intp], NDArray[np.uint8]]]
    ) -> Iterator[tuple[NDArray[np.intp], Answer]]:
        """Run batches in parallel and yield the outputs in their order; few are kept at a time.

        Each batch runs on one thread: that scales better than threads inside the network, whose LSTM is sequential,
        and makes the result the same for any number of threads.
        """
        threads = self.options.threads or cores()
        waiting: deque[tuple[NDArray[np.intp], Future[Answer]]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for numbers, patches in batches:
                waiting.append((numbers, pool.submit(self._ask, session, patches)))
                if len(waiting) > 2 * threads:
                    first, answer = waiting.popleft()
                    yield first, answer.result()
            for first, answer in waiting:
                yield first, answer.result()

    def _ask(self, session: Session, patches: NDArray[np.uint8]) -> Answer:
        """Run (N, S, S, 3) uint8; return (N,) patch and (N, S, S) pixel probabilities, as the network has heads."""
        scaled = patches.astype(np.float32) * np.float32(self.settings.input_scale)
        scaled += np.float32(self.settings.input_offset)
        planes = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))  # (N, 3, S, S)
        names = [node.name for node in session.get_outputs()]
        answer = dict(zip(names, session.run(names, {INPUT: planes}), strict=True))
        for name, values in answer.items():
            expected = patches.shape[: 1 if name == PATCH_OUTPUT else 3]
            if values.shape != expected or not (values.min() >= 0 and values.max() <= 1):
                raise ModelError(
                    f"{self.path}: {name} are not probabilities of shape {expected}; export the model again"
                )
        return answer

    def _heat(self, probability: NDArray[np.float32] | None) -> NDArray[np.float32]:
        if probability is None:  # `read_settings` refuses a file without outputs
            raise ModelError(f"{self.path}: the network has no output; export the model again")
        return calibrate(probability, self.settings.heat_calibration.slope, self.settings.heat_calibration.intercept)

    def _patch_labels(self, grid: PatchGrid, probability: NDArray[np.float32] | None) -> PatchLabels | None:
        if probability is None:
            return None
        return PatchLabels(grid.boxes(), probability, self.settings.patch_threshold)

    def _doubt(self, photo: Photo) -> str | None:
        if photo.damage is not None and photo.damage.is_relevant:
            return photo.damage.sentence
        side = self.settings.patch_side
        if min(photo.height, photo.width) >= side:
            return None
        size = f"{photo.width} x {photo.height}"
        return f"the photo is {size} pixels, and {self.settings.name} judges patches of {side} x {side}"


def read_settings(session: Session) -> PatchNetworkSettings:
    """Read the metadata of a model file of this kind; ModelError where they or the graph do not fit."""
    settings = parse_settings(session.metadata)
    side = settings.patch_side
    inputs = {node.name: node for node in session.get_inputs()}
    demand(list(inputs) == [INPUT], f"inputs {list(inputs)}", f"one input {INPUT!r}")
    check_node(inputs[INPUT], (3, side, side))
    shapes = {PATCH_OUTPUT: (), PIXEL_OUTPUT: (side, side)}
    outputs = {node.name: node for node in session.get_outputs()}
    known = [name for name in outputs if name in shapes]
    demand(bool(known) and len(known) == len(outputs), f"outputs {list(outputs)}", f"one or both of {list(shapes)}")
    for name in known:
        check_node(outputs[name], shapes[name])
    return settings

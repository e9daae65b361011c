"""A localizer on single patches, as in the paper's Tables 1 to 5: balanced windows cut as for training.

Bappy et al. 2017, section 4, DOI 10.1109/ICCV.2017.532. Every accuracy is printed next to that of always giving the
majority answer: for pixels that alone can be above 70 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample, stored_shape
from unseam.datasets.windows import WindowTable, window_table
from unseam.errors import UnseamError
from unseam.evaluation.counts import Confusion, Counts
from unseam.evaluation.progress import progress_bar
from unseam.method import NO_EVIDENCE, Method
from unseam.models.patch.postprocess import network_mask
from unseam.photo.photo import Photo, load_photo

PATCHES_PER_PHOTO = 8
"""Windows drawn from each photo, half of them manipulated where it has such."""


Places = NDArray[np.intp]
"""Tops, lefts and labels of one photo's windows: (N, 3)."""

A = TypeVar("A", bound=np.generic)


class PatchSettings(Protocol):
    """What a localizer's file says about its patches."""

    @property
    def patch_side(self) -> int: ...  # noqa: D102
    @property
    def patch_rule(self) -> float: ...  # noqa: D102
    @property
    def patch_threshold(self) -> float: ...  # noqa: D102
    @property
    def pixel_threshold(self) -> float: ...  # noqa: D102
    @property
    def smoothing_sigma(self) -> float: ...  # noqa: D102


class PatchJudge(Protocol):
    """A method that judges single patches: `unseam.models.patch.method.PatchMethod`."""

    @property
    def settings(self) -> PatchSettings: ...  # noqa: D102

    def judge(self, patches: NDArray[np.uint8]) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Return patch (N,) and pixel (N, S, S) probabilities of (N, S, S, 3) patches; None without that head."""
        ...


@dataclass(frozen=True, slots=True)
class MapJudge:
    """A method of whole photos on windows: its heat there, and its mean heat as the window's probability.

    Attributes
    ----------
    method : Method
        One that judges every photo: a baseline.
    settings : PatchSettings
        Whose windows are cut: those of the network that it is compared with. Its thresholds play no part: heat above
        0.5 is manipulated.
    """

    method: Method
    settings: PatchSettings

    def judge_in(self, photo: Photo, places: Places) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return patch (N,) and pixel (N, S, S) probabilities of windows of a photo."""
        heat = _windows(self.method(photo).heat, places, self.settings.patch_side)
        return heat.mean(axis=(1, 2)), heat


@dataclass(frozen=True, slots=True)
class Undecided:
    """Settings of a network with thresholds that mark what is above "no evidence", and no smoothing."""

    patch_side: int
    patch_rule: float
    patch_threshold: float = float(np.nextafter(np.float32(NO_EVIDENCE), np.float32(1)))
    pixel_threshold: float = float(np.nextafter(np.float32(NO_EVIDENCE), np.float32(1)))
    smoothing_sigma: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Scores and decisions about patches, or about their pixels.

    Attributes
    ----------
    counts : Counts
        Scores by truth.
    decided : Confusion
        At the model's own threshold.
    """

    counts: Counts = field(default_factory=Counts.empty)
    decided: Confusion = field(default_factory=lambda: Confusion(0, 0, 0, 0))

    def add(self, scores: NDArray[np.float32], decision: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Verdicts:
        """Return these and more."""
        return Verdicts(self.counts + Counts.of(scores, truth), self.decided + Confusion.of(decision, truth))

    def metrics(self) -> dict[str, float | None]:
        """Accuracy, the majority answer's, AUC, F1, IoU and MCC by name; None where undefined or not judged."""
        at = self.decided
        names = ("accuracy", "majority", "f1", "iou", "mcc", "precision", "recall")
        return {"auc": self.counts.auc(), **{name: getattr(at, name) for name in names}}


@dataclass(frozen=True, slots=True)
class PatchResults:
    """What a localizer found on balanced windows.

    Attributes
    ----------
    photos : int
        Photos that gave at least one window.
    windows, manipulated : int
        Windows, and how many of them are manipulated by the rule.
    rule : float
        The share of manipulated pixels above which a window is manipulated: the localizer's own.
    patch : Verdicts
        Labels of the windows; empty without a patch head.
    pixel : Verdicts
        All pixels of the windows, decided by the pixel threshold alone; empty without a pixel head.
    gated : Confusion
        The same pixels after the paper's post-processing: smoothed, and times the window's label.
    failures : tuple of str
        Photos that could not be used, and why.
    """

    photos: int
    windows: int
    manipulated: int
    rule: float
    patch: Verdicts
    pixel: Verdicts
    gated: Confusion
    failures: tuple[str, ...] = ()


def judge_windows(
    localizer: PatchJudge | MapJudge, samples: Sequence[Sample], *, per_photo: int = PATCHES_PER_PHOTO, seed: int = 0
) -> PatchResults:
    """Judge balanced windows of many photos.

    Parameters
    ----------
    localizer : PatchJudge or MapJudge
        What is measured.
    samples : sequence of Sample
        Windows come from each; as many authentic as manipulated ones are kept over all of them (1 : 1, seeded), where
        there are both.
    per_photo : int
        Windows drawn from each photo at most, no window twice.
    seed : int
        Of the draw: the same samples and seed give the same windows to every localizer.

    Returns
    -------
    PatchResults
    """
    settings = localizer.settings
    if isinstance(localizer, MapJudge):
        settings = Undecided(settings.patch_side, settings.patch_rule)
    chosen, failures = _choose(samples, settings, per_photo, np.random.default_rng(seed))
    patch, pixel, gated = Verdicts(), Verdicts(), Confusion(0, 0, 0, 0)
    manipulated = windows = photos = 0
    for sample, places in progress_bar(chosen.items(), "windows", len(chosen)):
        try:
            patch_probability, pixel_probability, masks = _ask(localizer, sample, places)
        except UnseamError as error:
            failures.append(f"{sample.name}: {error}")
            continue
        truth = masks.mean(axis=(1, 2)) > settings.patch_rule
        labels = None
        if patch_probability is not None:
            labels = patch_probability >= settings.patch_threshold
            patch = patch.add(patch_probability, labels, truth)
        if pixel_probability is not None:
            pixel = pixel.add(pixel_probability, pixel_probability >= settings.pixel_threshold, masks)
            gated += Confusion.of(_post_processed(pixel_probability, labels, settings), masks)
        photos, windows, manipulated = photos + 1, windows + len(truth), manipulated + int(truth.sum())
    return PatchResults(photos, windows, manipulated, settings.patch_rule, patch, pixel, gated, tuple(failures))


def patch_table(results: Mapping[str, PatchResults]) -> str:
    """Write results as a Markdown table, one line per localizer and per kind of decision."""
    header, *lines = patch_lines(results)
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *lines))


def patch_lines(results: Mapping[str, PatchResults]) -> list[list[str]]:
    """Write results as the cells of a table, header first; undefined metrics are "n/a"."""
    names = ("auc", "accuracy", "majority", "f1", "iou", "mcc", "precision", "recall")
    lines = [["localizer", "what", "photos", "windows", "manipulated windows", "by the rule of", *names]]
    for name, found in results.items():
        size = [*(str(number) for number in (found.photos, found.windows, found.manipulated)), f"{found.rule:.1%}"]
        for what, verdicts in (
            ("patch", found.patch),
            ("pixel", found.pixel),
            ("pixel, smoothed and times the patch label", Verdicts(found.pixel.counts, found.gated)),
        ):
            if verdicts.decided.total:
                metrics = verdicts.metrics()
                lines.append([name, what, *size, *(_cell(metrics[metric]) for metric in names)])
    return lines


def _cell(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"


def _choose(
    samples: Sequence[Sample], settings: PatchSettings, per_photo: int, rng: np.random.Generator
) -> tuple[dict[Sample, Places], list[str]]:
    """Draw windows of every photo, then leave out at random what the larger class has too many."""
    drawn: list[tuple[Sample, Places]] = []
    failures: list[str] = []
    for sample in samples:
        try:
            windows = _table(sample, settings).draw(rng, per_photo, distinct=True)
        except UnseamError as error:
            failures.append(f"{sample.name}: {error}")
            continue
        drawn.append((sample, np.stack([windows.tops, windows.lefts, windows.labels.astype(np.intp)], axis=1)))
    labels = np.concatenate([np.empty(0, np.intp), *(places[:, 2] for _, places in drawn)]).astype(bool)
    kept = iter(np.split(_balance(labels, rng), np.cumsum([len(places) for _, places in drawn])))
    chosen = {sample: places[keep] for (sample, places), keep in zip(drawn, kept, strict=False)}
    return {sample: places for sample, places in chosen.items() if len(places)}, failures


def _balance(labels: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which of the windows to keep so that both classes are equal in number; all where one class is missing."""
    kept = np.ones(len(labels), bool)
    classes = np.flatnonzero(labels), np.flatnonzero(~labels)
    smallest = min(len(indices) for indices in classes)
    for indices in classes if smallest else ():
        kept[rng.choice(indices, len(indices) - smallest, replace=False)] = False
    return kept


def _table(sample: Sample, settings: PatchSettings) -> WindowTable:
    truth = sample.truth(stored_shape(sample.photo))
    return window_table(truth, side=settings.patch_side, rule=settings.patch_rule)


def _ask(
    localizer: PatchJudge | MapJudge, sample: Sample, places: Places
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None, NDArray[np.bool_]]:
    """Return patch (N,) and pixel (N, S, S) probabilities of the windows, and their truth (N, S, S)."""
    photo, side = load_photo(sample.photo), localizer.settings.patch_side
    truth = _windows(sample.truth((photo.height, photo.width)), places, side)
    if isinstance(localizer, MapJudge):
        return *localizer.judge_in(photo, places), truth
    return *localizer.judge(_windows(photo.pixels, places, side)), truth


def _windows(array: NDArray[A], places: Places, side: int) -> NDArray[A]:
    """Cut (N, S, S, ...) windows out of (H, W, ...)."""
    return np.stack([array[top : top + side, left : left + side] for top, left, _ in places])


def _post_processed(
    probability: NDArray[np.float32], labels: NDArray[np.bool_] | None, settings: PatchSettings
) -> NDArray[np.bool_]:
    masks = [network_mask(p, None, settings.pixel_threshold, settings.smoothing_sigma) for p in probability]
    stacked = np.stack(masks)
    return stacked if labels is None else stacked & labels[:, None, None]

"""Validation photos as the network `fusion` sees them: run once, kept on disk, fitted to in seconds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from unseam.datasets.sample import Sample
from unseam.errors import PhotoError
from unseam.models.fusion.features import BlockFeatures
from unseam.models.fusion.history import History, photo_history
from unseam.models.fusion.lattice import without_tiles
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.method import COPY_MOVE, FusionMethod, doubt_about
from unseam.models.fusion.photo_head import head_values
from unseam.models.fusion.resampling import Traces
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing
from unseam.training.fusion.feature_store import cell_shares, store_features, stored
from unseam.training.fusion.recipe import BlockConfig
from unseam.training.fusion.task import MAJORITY

FORMAT = 2
"""Number of the layout of a kept file."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One validation photo.

    Attributes
    ----------
    group : str
        Photos that share a source share a group, and are never in two folds.
    cell : (2 R, 2 C) float16
        The network's log odds, without tiles.
    truth : (2 R, 2 C) bool
        Which cells are manipulated.
    share : float
        Manipulated share of the photo's pixels; 0 for an authentic one.
    history : History
    values, fast_values : mapping
        What the photo head is fed, and what it is fed where copied regions are not looked for.
    doubt : str or None
        Why the photo cannot be judged, whatever its map.
    """

    group: str
    cell: NDArray[np.float16]
    truth: NDArray[np.bool_]
    share: float
    history: History
    values: dict[str, float]
    fast_values: dict[str, float]
    doubt: str | None

    @property
    def manipulated(self) -> bool:
        """Whether anything in it was."""
        return self.share > 0


@dataclass(frozen=True, slots=True)
class Kept:
    """Where work is kept, so that it is done once.

    Attributes
    ----------
    features : Path, optional
        Feature store, shared with training: what is measured of a photo, the same for all networks.
    outputs : Path, optional
        Folder of what one network returned.
    workers : int
        Processes that measure features; 0 for one a core.
    """

    features: Path | None = None
    outputs: Path | None = None
    workers: int = 1


def described(samples: Sequence[Sample]) -> dict[str, object]:
    """Say of which photos these samples are, for a model's settings: how many of each split, and a digest of all."""
    digest = sha256()
    for sample in samples:
        for path in (sample.photo, *sample.masks):
            digest.update(sha256(path.read_bytes()).digest())
    return {"splits": dict(Counter(sample.split for sample in samples)), "digest": digest.hexdigest()}


def measured_frames(method: FusionMethod, samples: Sequence[Sample], kept: Kept | None = None) -> list[Frame]:
    """Run the network on all samples that can be read."""
    kept = kept or Kept()
    pending = [sample for sample in samples if not _has_output(method, sample, kept)]
    if kept.features is not None and pending:
        store_features(pending, BlockConfig(), kept.features, workers=kept.workers)
    frames = []
    for sample in track(samples, "network", console=Console(stderr=True), transient=True):
        with suppress(PhotoError):  # what no method can read calibrates nothing
            frames.append(measured(method, sample, kept))
    return frames


def measured(method: FusionMethod, sample: Sample, kept: Kept) -> Frame:
    """Run the network on one sample, or read what it returned before; errors as `unseam.load_photo`."""
    path = None if kept.outputs is None else _output(method, sample, kept.outputs)
    if path is not None and path.exists():
        return read_frame(path)
    photo = load_photo(sample.photo)
    history = photo_history(photo)
    features = method.features(photo) if kept.features is None else _stored(sample, kept.features)
    odds, fast = (method.log_odds(photo, found) for found in (features, features.without(COPY_MOVE)))
    truth = sample.truth((photo.height, photo.width))
    frame = frame_of(
        odds,
        fast,
        cell_shares(truth, odds.confidence.shape) >= MAJORITY,
        history,
        group=sample.group or sample.name,
        share=float(truth.mean()),
        doubt=doubt_about(photo, history),
    )
    if path is not None:
        _write(frame, path)
    return frame


def _stored(sample: Sample, folder: Path) -> BlockFeatures:
    halves = stored(sample, BlockConfig(), folder).features
    return BlockFeatures(np.ascontiguousarray(halves.transpose(2, 0, 1), np.float32), {})


def frame_of(
    odds: LogOdds,
    fast: LogOdds,
    truth: NDArray[np.bool_],
    history: History,
    *,
    group: str,
    share: float,
    doubt: str | None,
) -> Frame:
    """Make a frame from what the network returned with copied regions and, ``fast``, without; else as in `Frame`."""
    odds, fast = (without_tiles(found) or found for found in (odds, fast))
    values, fast_values = head_values(odds, history, copies=True), head_values(fast, history, copies=False)
    return Frame(group, odds.cell.astype(np.float16), truth, share, history, values, fast_values, doubt)


def _has_output(method: FusionMethod, sample: Sample, kept: Kept) -> bool:
    return kept.outputs is not None and _output(method, sample, kept.outputs).exists()


def _output(method: FusionMethod, sample: Sample, folder: Path) -> Path:
    key = sha256(f"{FORMAT} {method.digest} {sample.group or sample.name}".encode())
    for path in (sample.photo, *sample.masks):
        key.update(sha256(path.read_bytes()).digest())
    return folder / f"{key.hexdigest()[:32]}.npz"


def _write(frame: Frame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "group": frame.group,
        "share": frame.share,
        "history": asdict(replace(frame.history, traces=Traces())),
        "traces": [str(value) for value in asdict(frame.history.traces).values()],  # infinities are not JSON
        "values": frame.values,
        "fast_values": frame.fast_values,
        "doubt": frame.doubt,
    }
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, cell=frame.cell, truth=frame.truth, facts=np.array(json.dumps(facts)))


def read_frame(path: Path) -> Frame:
    """Read a frame that was kept."""
    with np.load(path) as arrays:
        facts = json.loads(str(arrays["facts"]))
        traces = Traces(*map(float, facts["traces"]))
        history = History(facts["history"]["quality"], facts["history"]["pixels"], traces)
        return Frame(
            facts["group"],
            arrays["cell"],
            arrays["truth"],
            facts["share"],
            history,
            facts["values"],
            facts["fast_values"],
            facts["doubt"],
        )

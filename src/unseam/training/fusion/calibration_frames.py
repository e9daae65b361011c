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
from unseam.models.fusion.features import BlockFeatures, block_features
from unseam.models.fusion.history import History, photo_history
from unseam.models.fusion.lattice import without_tiles
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.method import COPY_MOVE, FusionMethod, doubt_about
from unseam.models.fusion.photo_head import head_values
from unseam.models.fusion.resampling import Traces
from unseam.photo.photo import Photo, load_photo
from unseam.system.atomic_files import replacing
from unseam.system.cores import cores
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
    fast_values : mapping
        Inputs of the photo head where copied regions are not looked for.
    values : mapping, optional
        The same where they are, as users run the method; None where that was not measured.
    doubt : str or None
        Why the photo cannot be judged, whatever its map.
    """

    group: str
    cell: NDArray[np.float16]
    truth: NDArray[np.bool_]
    share: float
    history: History
    fast_values: dict[str, float]
    values: dict[str, float] | None
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
    copies : float
        Share of the photos in which copied regions are looked for, too: those that `BlockConfig` draws. That takes
        longer than all else; with the share of a network's recipe, the features are those of its training.
    workers : int
        Processes that measure features; 0 for one a core.
    """

    features: Path | None = None
    outputs: Path | None = None
    copies: float = 1.0
    workers: int = 1

    @property
    def config(self) -> BlockConfig:
        """For which photos the store holds features with copied regions."""
        return BlockConfig(copy_move_share=self.copies)


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
    places = [(sample, _output(method, sample, kept)) for sample in samples]
    pending = [sample for sample, path in places if path is None or not path.exists()]
    if kept.features is not None and pending:
        store_features(pending, kept.config, kept.features, workers=kept.workers)
    frames = []
    for sample in track(samples, "network", console=Console(stderr=True), transient=True):
        with suppress(PhotoError):  # what no method can read calibrates nothing
            frames.append(measured(method, sample, kept))
    return frames


def measured(method: FusionMethod, sample: Sample, kept: Kept) -> Frame:
    """Run the network on one sample, or read what it returned before; errors as `unseam.load_photo`."""
    path = _output(method, sample, kept)
    if path is not None and path.exists():
        return read_frame(path)
    photo = load_photo(sample.photo)
    history = photo_history(photo)
    features = _features(method, photo, sample, kept)
    fast = method.log_odds(photo, features.without(COPY_MOVE))
    odds = None if kept.config.skipped(sample.name) else method.log_odds(photo, features)
    truth = sample.truth((photo.height, photo.width))
    frame = frame_of(
        fast,
        odds,
        cell_shares(truth, fast.confidence.shape) >= MAJORITY,
        history,
        group=sample.group or sample.name,
        share=float(truth.mean()),
        doubt=doubt_about(photo, history),
    )
    if path is not None:
        _write(frame, path)
    return frame


def _features(method: FusionMethod, photo: Photo, sample: Sample, kept: Kept) -> BlockFeatures:
    if kept.features is None:
        without = frozenset(kept.config.skipped(sample.name))
        return block_features(photo, threads=method.options.threads or cores(), without=without)
    halves = stored(sample, kept.config, kept.features).features
    return BlockFeatures(np.ascontiguousarray(halves.transpose(2, 0, 1), np.float32), {})


def frame_of(
    fast: LogOdds,
    odds: LogOdds | None,
    truth: NDArray[np.bool_],
    history: History,
    *,
    group: str,
    share: float,
    doubt: str | None,
) -> Frame:
    """Make a frame from what the network returned without copied regions and, unless None, with; else as in `Frame`."""
    fast = without_tiles(fast) or fast
    odds = odds and (without_tiles(odds) or odds)
    fast_values = head_values(fast, history, copies=False)
    values = None if odds is None else head_values(odds, history, copies=True)
    return Frame(group, (odds or fast).cell.astype(np.float16), truth, share, history, fast_values, values, doubt)


def _output(method: FusionMethod, sample: Sample, kept: Kept) -> Path | None:
    """Return the file that keeps what the network returned; None if nothing is kept."""
    if kept.outputs is None:
        return None
    skipped = kept.config.skipped(sample.name)
    key = sha256(f"{FORMAT} {method.digest} {sample.group or sample.name} {bool(skipped)}".encode())
    for path in (sample.photo, *sample.masks):
        key.update(sha256(path.read_bytes()).digest())
    return kept.outputs / f"{key.hexdigest()[:32]}.npz"


def _write(frame: Frame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "group": frame.group,
        "share": frame.share,
        "history": asdict(replace(frame.history, traces=Traces())),
        "traces": [str(value) for value in asdict(frame.history.traces).values()],  # infinities are not JSON
        "fast_values": frame.fast_values,
        "values": frame.values,
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
            facts["fast_values"],
            facts["values"],
            facts["doubt"],
        )

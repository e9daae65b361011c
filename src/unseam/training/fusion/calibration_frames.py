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

from unseam.datasets.sample import Sample
from unseam.errors import PhotoError
from unseam.models.fusion.history import History, photo_history
from unseam.models.fusion.lattice import without_tiles
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.method import FusionMethod, doubt_about
from unseam.models.fusion.photo_head import head_values
from unseam.models.fusion.resampling import Traces
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing
from unseam.training.fusion.feature_store import cell_shares
from unseam.training.fusion.task import MAJORITY

FORMAT = 1
"""Number of the layout of a kept file."""

COPIES_SHARE = 0.3
"""Of the photos in which copied regions are looked for: that takes longer than all else, and the head knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One validation photo.

    Attributes
    ----------
    group : str
        Photos that share a source share a group, and are never on both sides of a fold.
    cell : (2 R, 2 C) float16
        The network's log odds, without tiles.
    truth : (2 R, 2 C) bool
        Which cells are manipulated.
    share : float
        Manipulated share of the photo's pixels; 0 for an authentic one.
    history : History
    values : mapping
        What the photo head is fed.
    doubt : str or None
        Why the photo cannot be judged, whatever its map.
    """

    group: str
    cell: NDArray[np.float16]
    truth: NDArray[np.bool_]
    share: float
    history: History
    values: dict[str, float]
    doubt: str | None

    @property
    def manipulated(self) -> bool:
        """Whether anything in it was."""
        return self.share > 0


def described(samples: Sequence[Sample]) -> dict[str, object]:
    """Say of which photos these samples are, for a model's settings: how many of each split, and a digest of all."""
    digest = sha256()
    for sample in samples:
        for path in (sample.photo, *sample.masks):
            digest.update(sha256(path.read_bytes()).digest())
    return {"splits": dict(Counter(sample.split for sample in samples)), "digest": digest.hexdigest()}


def measured_frames(method: FusionMethod, samples: Sequence[Sample], cache: Path | None) -> list[Frame]:
    """Run the network on samples that can be read; with ``cache``, a folder, on each only once.

    Copied regions are looked for in `COPIES_SHARE` of them, drawn by their names.
    """
    fast = replace(method, options=replace(method.options, fast=True))
    frames = []
    for sample in samples:
        looks = int(sha256(sample.name.encode()).hexdigest()[:8], 16) < COPIES_SHARE * 16**8
        with suppress(PhotoError):  # what no method can read calibrates nothing
            frames.append(measured(method if looks else fast, sample, cache))
    return frames


def measured(method: FusionMethod, sample: Sample, cache: Path | None) -> Frame:
    """Run the network on one sample, or read what it returned before; errors as `unseam.load_photo`."""
    path = None if cache is None else cache / f"{_key(method, sample)}.npz"
    if path is not None and path.exists():
        return read_frame(path)
    photo = load_photo(sample.photo)
    history = photo_history(photo)
    odds = method.log_odds(photo)
    truth = sample.truth((photo.height, photo.width))
    frame = frame_of(
        odds,
        cell_shares(truth, odds.confidence.shape) >= MAJORITY,
        history,
        group=sample.group or sample.name,
        share=float(truth.mean()),
        copies=not method.options.fast,
        doubt=doubt_about(photo, history),
    )
    if path is not None:
        _write(frame, path)
    return frame


def frame_of(
    odds: LogOdds,
    truth: NDArray[np.bool_],
    history: History,
    *,
    group: str,
    share: float,
    copies: bool,
    doubt: str | None,
) -> Frame:
    """Make a frame from the network's outputs, as the method uses them; parameters as in `Frame`."""
    odds = without_tiles(odds) or odds
    values = head_values(odds, history, copies=copies)
    return Frame(group, odds.cell.astype(np.float16), truth, share, history, values, doubt)


def _key(method: FusionMethod, sample: Sample) -> str:
    key = sha256(f"{FORMAT} {method.digest} {method.options.settings} {sample.group or sample.name}".encode())
    for path in (sample.photo, *sample.masks):
        key.update(sha256(path.read_bytes()).digest())
    return key.hexdigest()[:32]


def _write(frame: Frame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "group": frame.group,
        "share": frame.share,
        "history": asdict(replace(frame.history, traces=Traces())),
        "traces": [str(value) for value in asdict(frame.history.traces).values()],  # infinities are not JSON
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
            facts["values"],
            facts["doubt"],
        )

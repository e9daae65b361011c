"""What all networks share as methods: a model file, its metadata, and the options of a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from unseam.method import FalseAlarms, MethodInfo, VerdictThresholds
from unseam.models.metadata import NetworkSettings

S = TypeVar("S", bound=NetworkSettings)


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How a network is run.

    Attributes
    ----------
    stride : int, optional
        Distance between patches in pixels, a multiple of 8 up to the patch side; None for the model's own. A larger
        one is faster and coarser. Only for networks that judge patches.
    threads : int
        Batches or detectors that run in parallel; 0 for one per core. The heat does not depend on it, bit for bit.
    fast : bool
        Leave out what the mask does not need. A network that judges patches takes whole steps (its patch side) unless
        a stride is given, and computes pixels only where the patch labels let a mask be: the same mask as without, at
        the same stride. `fusion` does not look for copied regions, which takes longer than everything else.
    """

    stride: int | None = None
    threads: int = 0
    fast: bool = False

    def __post_init__(self) -> None:
        if self.threads < 0:
            raise ValueError(f"found {self.threads} threads, expected 0 or more")

    @property
    def settings(self) -> tuple[str, ...]:
        """The options that were set and change the heat map: ``stride 64``, ``fast``; empty by default."""
        changed = {f"stride {self.stride}": self.stride is not None, "fast": self.fast}
        return tuple(setting for setting, is_set in changed.items() if is_set)


@dataclass(frozen=True)
class NetworkMethod(Generic[S]):
    """A model file as a method, except for the call.

    Attributes
    ----------
    path : Path
        The ONNX file.
    digest : str
        SHA-256 of its bytes, hex. A file that changes after loading is refused.
    settings : NetworkSettings
        The metadata of the file.
    options : NetworkOptions
        How it is run.
    """

    OPTIONS: ClassVar[frozenset[str]]

    path: Path
    digest: str
    settings: S = field(repr=False, compare=False)
    options: NetworkOptions = field(default_factory=NetworkOptions)

    @cached_property
    def info(self) -> MethodInfo:
        """The metadata of the file, with the options that were set; a network judges any photo."""
        return MethodInfo(
            name=self.settings.name,
            paper=self.settings.paper,
            detects=self.settings.detects,
            blind_spots=self.settings.blind_spots,
            digest=self.digest,
            options=self.OPTIONS,
            settings=self.options.settings,
            false_alarms=self._false_alarms(),
            thresholds=self.verdict_thresholds,
        )

    @property
    def verdict_thresholds(self) -> VerdictThresholds | None:
        """The thresholds of the score; None for a network whose mask decides."""
        return None

    def _false_alarms(self) -> FalseAlarms | None:
        """Return the rates of the file, which were measured without any option."""
        known = self.settings.false_alarms
        if known is None or not self.options.settings:
            return known
        return replace(known, source=f"{known.source}, run without: {', '.join(self.options.settings)}")

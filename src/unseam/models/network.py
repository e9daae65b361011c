"""What every learned method is, whatever its network is fed: a model file, and what that says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from unseam.method import FalseAlarms, Method, Need
from unseam.models.metadata import LearnedSettings

S = TypeVar("S", bound=LearnedSettings)


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
    fast : bool
        Do without what the mask does not need. A network that judges patches takes whole steps (its patch side) unless
        a stride is given, and computes pixels only where the patch labels let a mask be: the same mask as without, at
        the same stride. One that reads evidence does not look for copied regions, which takes longer than all else.
    strict : bool
        Mark less, and be wrong about fewer authentic photographs: for networks that read evidence.
    """

    stride: int | None = None
    batch: int = 32
    threads: int = 0
    fast: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        if self.batch < 1 or self.threads < 0:
            raise ValueError(f"expected a batch of at least 1 and no negative number of threads, found {self}")

    @property
    def words(self) -> tuple[str, ...]:
        """What of it changes the answer and was asked for: ``stride 64``, ``fast``, ``strict``; empty as a rule."""
        asked = {f"stride {self.stride}": self.stride is not None, "fast": self.fast, "strict": self.strict}
        return tuple(word for word, is_asked in asked.items() if is_asked)


@dataclass(frozen=True)
class Learned(Generic[S]):
    """A model file as a method, but for the call.

    Attributes
    ----------
    path : Path
        The ONNX file.
    digest : str
        SHA-256 of its bytes, hex. A file that changes after loading is refused.
    settings : LearnedSettings
        What the file says about itself.
    options : LocalizerOptions
        How it is run.
    """

    path: Path
    digest: str
    settings: S = field(repr=False, compare=False)
    options: LocalizerOptions = field(default_factory=LocalizerOptions)

    @property
    def name(self) -> str:
        """Name of the method, from the file."""
        return self.settings.name

    @property
    def paper(self) -> str:
        """The source: authors, year, DOI."""
        return self.settings.paper

    @property
    def sees(self) -> str:
        """Which trace the method looks for."""
        return self.settings.sees

    @property
    def blind(self) -> str:
        """When it sees nothing."""
        return self.settings.blind

    @property
    def false_alarms(self) -> FalseAlarms | None:
        """How often it is wrong about authentic photographs, where the file says so: found out without any option."""
        known = self.settings.false_alarms
        if known is None or not self.options.words:
            return known
        return replace(known, source=f"{known.source}, run without: {', '.join(self.options.words)}")

    @property
    def needs(self) -> frozenset[Need]:
        """Nothing: a network reads any photo."""
        return frozenset()

    @property
    def min_size(self) -> tuple[int, int]:
        """One pixel: a photo too small to be judged gets a map, and the verdict "cannot tell"."""
        return (1, 1)


def options_in_words(method: Method) -> tuple[str, ...]:
    """Say which options of a learned method were asked for that change its answer; empty for any other method."""
    options = getattr(method, "options", None)
    return options.words if isinstance(options, LocalizerOptions) else ()

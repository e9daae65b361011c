"""What every learned method is, whatever its network is fed: a model file, and what that says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from unseam.false_alarms import FalseAlarms
from unseam.method import Need
from unseam.model_settings import LearnedSettings

S = TypeVar("S", bound=LearnedSettings)


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
    """

    path: Path
    digest: str
    settings: S = field(repr=False, compare=False)

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
        """How often it is wrong about authentic photographs, where the file says so."""
        return self.settings.false_alarms

    @property
    def needs(self) -> frozenset[Need]:
        """Nothing: a network reads any photo."""
        return frozenset()

    @property
    def min_size(self) -> tuple[int, int]:
        """One pixel: a photo too small to be judged gets a map, and the verdict "cannot tell"."""
        return (1, 1)

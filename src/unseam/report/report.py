"""What was found about one photo: results, verdict, provenance, and the document of it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from unseam.errors import NotApplicable
from unseam.method import Finding, Heatmap, Method

if TYPE_CHECKING:  # at run time these would make `import unseam` slow: they load numpy, OpenCV, Pillow
    import numpy as np
    from numpy.typing import NDArray

    from unseam.method import Region
    from unseam.photo.photo import Photo
    from unseam.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one decision about a photo; ``str(verdict)`` is the finding.

    Attributes
    ----------
    finding : Finding
    sentence : str
        The finding in plain words, with how often authentic photographs get it, where that is known.
    why : tuple of str
        The reasons, one sentence each.
    """

    finding: Finding
    sentence: str
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.finding)


@dataclass(frozen=True)
class Report:
    """Everything found about one photo.

    ``heat``, ``mask``, ``regions`` and ``score`` are those of the first listed method that applies; when none does
    they raise `NotApplicable`, and the verdict is "cannot tell".

    Attributes
    ----------
    photo : Photo
        What was judged.
    results : mapping
        Name of each method, in the order listed, to its Heatmap, or to the NotApplicable that it raised.
    seconds : mapping
        Name of each method to the wall-clock time that it took.
    methods : mapping
        Name of each method to the method.
    trust_anchors : str, optional
        Certificates (PEM) whose Content Credentials are trusted, in place of the list that ships with the package.
    """

    photo: Photo
    results: Mapping[str, Heatmap | NotApplicable]
    seconds: Mapping[str, float]
    methods: Mapping[str, Method]
    trust_anchors: str | None = None

    @cached_property
    def heatmaps(self) -> dict[str, Heatmap]:
        """The results of the methods that apply, in the order listed."""
        return {name: result for name, result in self.results.items() if isinstance(result, Heatmap)}

    @property
    def method(self) -> str:
        """Name of the first listed method that applies."""
        for name in self.heatmaps:
            return name
        reasons = "; ".join(f"{name}: {reason}" for name, reason in self.results.items())
        raise NotApplicable(f"no method applies: {reasons}")

    @property
    def heatmap(self) -> Heatmap:
        """The heat map of the first listed method that applies."""
        return self.heatmaps[self.method]

    @property
    def heat(self) -> NDArray[np.float32]:
        """(H, W) float32 in [0, 1]: 1 = manipulated, 0.5 = no evidence, in stored pixels."""
        return self.heatmap.heat

    @property
    def score(self) -> float | None:
        """Probability in [0, 1], at prior 0.5, that the photo was manipulated at all; None without calibration."""
        return self.heatmap.score

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool: what the method calls manipulated, in stored pixels."""
        return self.heatmap.mask

    @property
    def regions(self) -> tuple[Region, ...]:
        """The connected components of the mask, the largest first."""
        return self.heatmap.regions

    @cached_property
    def provenance(self) -> Provenance | None:
        """What the file says about itself, read when first asked for; None for an array."""
        from unseam.provenance import read_provenance

        return read_provenance(self.photo, self.trust_anchors)

    @cached_property
    def verdict(self) -> Verdict:
        """The finding of the first listed method that applies, in words, with what the file says about itself."""
        from unseam.report.wording import verdict_of, with_provenance

        return with_provenance(verdict_of(self), self.provenance)

    def document(self, written: datetime | None = None) -> dict[str, Any]:
        """Return everything that is not a picture as plain types, ready for JSON; see `unseam.report.document`."""
        from unseam.report.document import document_of

        return document_of(self, written)

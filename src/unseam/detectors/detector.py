"""A classical detector as a `Method`: what a reader needs to know about it, and when it does not apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.errors import DamagedPhoto, NotApplicable, UnsupportedPhoto
from unseam.jpeg.coefficients import JpegCoefficients, JpegComponent
from unseam.method import FalseAlarms, Heatmap, MethodInfo
from unseam.photo.photo import Photo

CALIBRATED = FalseAlarms(0.05, "its threshold was set so, on the authentic photographs of its calibration")
"""What ``benchmarks/calibrate.py`` chooses every threshold for: 95 % of authentic photographs have no region."""


class Calibrated(Protocol):
    """A detector's parameters, of which one is its calibration; hashable."""

    @property
    def curve(self) -> LlrCurve: ...  # noqa: D102


C = TypeVar("C", bound=Calibrated)


@dataclass(frozen=True, slots=True)
class Detector(Generic[C]):
    """A classical algorithm as a `Method`.

    Attributes
    ----------
    info : MethodInfo
    config : dataclass
        The parameters.
    measure : function
        Photo and config to the log-likelihood ratio on the detector's own grid: ``NAME_llr``.
    """

    info: MethodInfo
    config: C
    measure: Callable[[Photo, C], Statistic]

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo; `NotApplicable` with the reason when it lacks what the detector needs."""
        self.check(photo)
        return heatmap_of(self.llr(photo), photo, self.config.curve)

    def llr(self, photo: Photo) -> Statistic:
        """Return the log-likelihood ratio on the detector's own grid: measured once per photo, whoever asks first."""
        return photo.once((self.info.name, self.config), lambda: self.measure(photo, self.config))

    def check(self, photo: Photo) -> None:
        """Raise `NotApplicable` with the reason unless the photo has what the detector needs."""
        height, width = self.info.min_size
        if photo.height < height or photo.width < width:
            raise NotApplicable(
                f"the photo is {photo.width} x {photo.height} pixels; expected at least {width} x {height}"
            )
        if "jpeg" in self.info.needs:
            stored_coefficients(photo)
        if "detail" in self.info.needs and bool((photo.pixels == photo.pixels[0, 0]).all()):
            raise NotApplicable("the photo is of one flat colour; there is nothing to compare")
        if "colour" in self.info.needs and bool((photo.pixels == photo.pixels[..., :1]).all()):
            raise NotApplicable("the photo is grey; expected colour")


def stored_coefficients(photo: Photo) -> JpegCoefficients:
    """Return the file's own JPEG coefficients; `NotApplicable` with the reason where there are none to read."""
    try:
        coefficients = photo.jpeg
    except (DamagedPhoto, UnsupportedPhoto) as error:
        raise NotApplicable(f"its JPEG coefficients cannot be read: {error}") from error
    if coefficients is None:
        raise NotApplicable(f"the photo is not stored as JPEG ({photo.format}); it has no JPEG coefficients")
    return coefficients


def stored_luma(photo: Photo) -> tuple[JpegComponent, tuple[int, int]]:
    """Return the component that carries a JPEG's detail, and how many pixels of the photo a block of it covers.

    It is the luma (grey or Y); green of an RGB file; of a CMYK file the ink with most non-zero coefficients.

    Returns
    -------
    component : JpegComponent
    step : (int, int)
        Height and width of a block in stored pixels: (8, 8) unless the component itself is subsampled.
    """
    coefficients = stored_coefficients(photo)
    components = coefficients.components
    chosen = coefficients.luma
    if chosen is None:
        green = [component for component in components if component.name == "G"]
        chosen = green[0] if green else max(components, key=lambda component: int((component.coefficients != 0).sum()))
    across = max(component.sampling[0] for component in components)
    down = max(component.sampling[1] for component in components)
    return chosen, (8 * down // chosen.sampling[1], 8 * across // chosen.sampling[0])

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from PIL import Image

from support.heatmaps import info_of
from unseam.detectors.detector import Detector, stored_luma
from unseam.detectors.statistic import UNCALIBRATED, LlrCurve, Statistic
from unseam.errors import NotApplicable
from unseam.method import Method, Need
from unseam.photo.photo import Photo, load_photo

NOISE = np.random.default_rng(3).integers(0, 256, (50, 70, 3), dtype=np.uint8)


@dataclass(frozen=True)
class Config:
    """The parameters of a detector for tests; ``calls`` counts its measurements."""

    curve: LlrCurve = UNCALIBRATED
    value: float = -np.log(3)  # a heat of 0.25
    calls: list[str] = field(default_factory=list, compare=False)


def measured(photo: Photo, config: Config) -> Statistic:
    config.calls.append(photo.name)
    return config.curve.llr(Statistic(np.full((1, 1), config.value), (photo.height, photo.width)))


def detector(*needs: Need, min_size: tuple[int, int] = (1, 1)) -> Detector[Config]:
    return Detector(info_of("one", needs=frozenset(needs), min_size=min_size), Config(), measured)


def heat_of(photo: Photo, *needs: Need) -> float:
    return float(detector(*needs)(photo).heat.mean())


def jpeg(mode: str = "RGB", **options: object) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(buffer, "JPEG", quality=90, **options)
    return load_photo(buffer.getvalue())


def test_a_detector_is_a_method_and_gives_the_map_of_its_function() -> None:
    assert isinstance(detector(), Method)
    assert heat_of(load_photo(NOISE)) == pytest.approx(0.25)


def test_a_photo_is_measured_once_by_one_detector_whoever_asks() -> None:
    photo, one = load_photo(NOISE), detector()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one.llr, [photo] * 8))
    one(photo)
    assert one.config.calls == ["array"]
    assert all(each is found[0] for each in found)
    assert one.llr(load_photo(NOISE)) is not found[0]


def test_other_parameters_are_measured_anew() -> None:
    photo, one = load_photo(NOISE), detector()
    other = replace(one, config=replace(one.config, value=3.0))
    assert one.llr(photo).values[0, 0] != other.llr(photo).values[0, 0]


def test_a_small_photo_is_refused_with_both_sizes() -> None:
    with pytest.raises(NotApplicable, match=r"70 x 50 pixels; expected at least 80 x 60"):
        detector(min_size=(60, 80))(load_photo(NOISE))


def test_a_photo_without_jpeg_coefficients_is_refused_where_they_are_needed() -> None:
    with pytest.raises(NotApplicable, match="not stored as JPEG"):
        detector("jpeg")(load_photo(NOISE))
    assert heat_of(jpeg(), "jpeg") == pytest.approx(0.25)


def test_a_flat_photo_is_refused_where_detail_is_needed() -> None:
    flat = load_photo(np.full((50, 70, 3), (1, 2, 3), np.uint8))
    with pytest.raises(NotApplicable, match="one flat colour"):
        detector("detail")(flat)
    assert heat_of(flat) == pytest.approx(0.25)


def test_a_grey_photo_is_refused_where_colour_is_needed() -> None:
    grey = load_photo(np.repeat(NOISE[..., :1], 3, axis=2))
    with pytest.raises(NotApplicable, match="grey"):
        detector("colour")(grey)
    assert heat_of(load_photo(NOISE), "colour") == pytest.approx(0.25)


def test_a_jpeg_that_libjpeg_cannot_read_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from unseam.errors import DamagedPhoto

    def broken(photo: Photo) -> None:
        raise DamagedPhoto("the tables are cut off")

    monkeypatch.setattr(Photo, "jpeg", property(broken))
    with pytest.raises(NotApplicable, match="the tables are cut off"):
        detector("jpeg")(load_photo(NOISE))


@pytest.mark.parametrize(("mode", "name"), [("RGB", "Y"), ("L", "grey")])
def test_the_component_of_detail_is_luma(mode: str, name: str) -> None:
    component, step = stored_luma(jpeg(mode))
    assert component.name == name
    assert step == (8, 8)


def test_an_rgb_file_is_read_by_its_green() -> None:
    component, step = stored_luma(jpeg(keep_rgb=True))
    assert component.name == "G"
    assert step == (8, 8)


def test_a_cmyk_file_is_read_by_its_busiest_ink() -> None:
    photo = jpeg("CMYK")
    component, _ = stored_luma(photo)
    assert photo.jpeg is not None
    busiest = max((other.coefficients != 0).sum() for other in photo.jpeg.components)
    assert (component.coefficients != 0).sum() == busiest

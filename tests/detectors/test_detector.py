import io

import numpy as np
import pytest
from PIL import Image

from unseam.detectors.detector import Detector, stored_luma
from unseam.detectors.statistic import Statistic
from unseam.errors import NotApplicable
from unseam.method import Heatmap, Method
from unseam.photo.photo import Photo, load_photo

NOISE = np.random.default_rng(3).integers(0, 256, (50, 70, 3), dtype=np.uint8)


def detector(*needs: str, min_size: tuple[int, int] = (1, 1)) -> Detector:
    def judge(photo: Photo) -> Heatmap:
        return Heatmap(np.full((photo.height, photo.width), 0.25, np.float32), 0.25)

    def evidence(photo: Photo) -> Statistic:
        return Statistic(np.zeros((1, 1)), (photo.height, photo.width))

    return Detector("one", "paper", "sees", "blind", frozenset(needs), min_size, judge, evidence)  # type: ignore[arg-type]


def jpeg(mode: str = "RGB", **options: object) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(buffer, "JPEG", quality=90, **options)
    return load_photo(buffer.getvalue())


def test_a_detector_is_a_method_and_gives_the_map_of_its_function() -> None:
    assert isinstance(detector(), Method)
    assert detector()(load_photo(NOISE)).score == 0.25


def test_a_small_photo_is_refused_with_both_sizes() -> None:
    with pytest.raises(NotApplicable, match=r"70 x 50 pixels; expected at least 80 x 60"):
        detector(min_size=(60, 80))(load_photo(NOISE))


def test_a_photo_without_jpeg_coefficients_is_refused_where_they_are_needed() -> None:
    with pytest.raises(NotApplicable, match="not stored as JPEG"):
        detector("jpeg")(load_photo(NOISE))
    assert detector("jpeg")(jpeg()).score == 0.25


def test_a_flat_photo_is_refused_where_detail_is_needed() -> None:
    flat = load_photo(np.full((50, 70, 3), (1, 2, 3), np.uint8))
    with pytest.raises(NotApplicable, match="one flat colour"):
        detector("detail")(flat)
    assert detector()(flat).score == 0.25


def test_a_grey_photo_is_refused_where_colour_is_needed() -> None:
    grey = load_photo(np.repeat(NOISE[..., :1], 3, axis=2))
    with pytest.raises(NotApplicable, match="grey"):
        detector("colour")(grey)
    assert detector("colour")(load_photo(NOISE)).score == 0.25


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
